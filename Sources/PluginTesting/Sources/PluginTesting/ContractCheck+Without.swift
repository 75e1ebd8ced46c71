import FulcrumKernel

extension Array where Element == ContractCheck {
  /// The list without a check that can't hold for a component by its nature.
  ///
  /// For instance a transform that draws at random by a token's place in the batch:
  ///
  /// ```swift
  /// PluginContract.checks(for: Dropout.self)
  ///   .without("the order of groups is irrelevant", because: "tokens are drawn by their place")
  /// ```
  ///
  /// - Parameters:
  ///   - name: of the check. If there is none of that name, a check is added that says so and fails:
  ///     a misspelt exception would stay unnoticed else.
  ///   - reason: for readers; it must not be empty.
  public func without(_ name: String, because reason: String) -> [ContractCheck] {
    guard contains(where: { $0.name == name }), !reason.isEmpty else {
      let names = map(\.name)
      let isKnown = names.contains(name)
      return self + [
        ContractCheck("'\(name)' is a check that can be left out, for a reason") {
          () throws(FulcrumError) in
          throw FulcrumError(
            .usage,
            isKnown
              ? "expected a reason to leave out '\(name)', got none"
              : "expected the name of a check, got '\(name)'",
            hint: isKnown ? "say it in 'because'" : NearNames.hint(for: name, among: names))
        }
      ]
    }
    return filter { $0.name != name }
  }
}
