import FulcrumKernel
import YAML

extension Parameters {
  /// Returns every fault of what a configuration gives; the initialiser stops at the first.
  ///
  /// - Parameter location: the key path of the section or component; empty: the top.
  ///
  /// - Parameter others: names that are known there beside the schema's, and were read before.
  package static func faults(
    of given: [String: ParameterValue], for schema: [Parameter], at location: String,
    others: [String] = []
  ) -> [FulcrumError] {
    let names = schema.map(\.name)
    func path(_ name: String) -> String { location.isEmpty ? name : "\(location).\(name)" }
    var faults = given.keys.sorted().filter { !names.contains($0) }.map { name in
      FulcrumError(
        .parameter, "unknown parameter '\(name)'", at: path(name),
        hint: UnknownKey.hint(for: name, at: location, among: names + others))
    }
    for parameter in schema {
      let value = given[parameter.name]
      do throws(FulcrumError) {
        _ = try Parameters(
          value.map { [parameter.name: $0] } ?? [:], for: [parameter], at: location)
      } catch {
        faults.append(error.clearer(for: parameter, got: value))
      }
    }
    return faults
  }
}

extension FulcrumError {
  /// Returns the error of a value of a wrong kind with a remedy for how YAML reads it.
  fileprivate func clearer(for parameter: Parameter, got value: ParameterValue?) -> FulcrumError {
    var error = self
    switch (parameter.kind, value) {
    case (_, .text("")?):
      error.message = "expected \(parameter.expectation), got nothing"
    case (.flag, .text(let word)?):
      let isYes = ["yes", "on", "y"].contains(word.lowercased())
      let isNo = ["no", "off", "n"].contains(word.lowercased())
      if isYes || isNo { error.hint = "write \(isYes)" }
    case (.flag, .integer(let number)?) where number == 0 || number == 1:
      error.hint = "write \(number == 1)"
    case (.integer(let range), .number(let number)?):
      if let whole = Int(exactly: number), range.contains(whole) { error.hint = "write \(whole)" }
    case (.number, .text(let text)?), (.integer, .text(let text)?):
      error.message = "expected \(parameter.expectation), got the text '\(text)'"
      if ConfigurationTree.isNumber(text) {
        error.hint = "write it without quotes: \(text)"
      } else if text.lowercased().hasPrefix("0x"), let whole = Int(text.dropFirst(2), radix: 16) {
        error.hint = "write it in decimal digits: \(whole)"
      }
    case (.text, .number?), (.text, .flag?):
      error.hint = "put it in quotes: \"\(value.map { "\($0)" } ?? "")\""
    default: break
    }
    return error
  }
}
