/// A policy that knows how much arithmetic it does.
public protocol SpeedReportingPolicy: PolicyModel {
  /// Floating-point operations of the matrix products in one forward pass over one sequence whose
  /// completion tokens are scored; a backward pass takes twice as many.
  func matrixOperations(promptTokens: Int, completionTokens: Int) -> Double

  /// The machine's peak for this policy's matrix products, all threads together, measured now.
  ///
  /// - Unit: floating-point operations a second.
  func measureMatrixPeak() throws(FulcrumError) -> Double
}
