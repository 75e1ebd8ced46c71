import FulcrumKernel

extension Subject {
  /// - Parameter what: what the values are of: "advantages of the ragged batch".
  func requireFinite(_ values: [Float], _ what: String) throws(FulcrumError) {
    guard let place = values.firstIndex(where: { !$0.isFinite }) else { return }
    throw fault("expected finite \(what), got \(values[place]) for token \(place)")
  }

  /// The error of a call that must not fail, with the input that it failed on.
  func unexpected(_ error: FulcrumError, _ what: String) -> FulcrumError {
    fault(
      "expected \(what) to be accepted, got: "
        + (error.location.map { "\($0): " } ?? "") + error.message, hint: error.hint)
  }
}
