import FulcrumKernel

/// Describes a section of a configuration: its keys with the values they take, and those values as
/// typed properties.
///
/// A key is named only in its section's file; all other code reads properties.
package protocol SettingsSection: Sendable {
  /// The key of the section itself; empty: its keys stand at the top.
  static var key: String { get }
  /// The section's keys, with ranges, defaults and help.
  static var schema: [Parameter] { get }

  /// - Parameter values: the section's values, checked against the schema and complete.
  init(_ values: Parameters) throws(FulcrumError)
}

extension Parameters {
  /// Returns the case that a choice stands for.
  ///
  /// - Throws: `.parameter` for a text that no case has: then the schema offers more than the type.
  func choice<Choice: RawRepresentable<String> & CaseIterable>(_ name: String) throws(FulcrumError)
    -> Choice
  {
    let text = try text(name)
    guard let choice = Choice(rawValue: text) else {
      let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
      throw refuse(name, "expected one of \(names), got \(text)")
    }
    return choice
  }

  /// Returns a text; `nil` where it is empty.
  func optionalText(_ name: String) throws(FulcrumError) -> String? {
    let text = try text(name)
    return text.isEmpty ? nil : text
  }
}

extension Parameter {
  /// Declares a choice among all cases of a type.
  static func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ name: String, default value: Choice, help: String
  ) -> Parameter {
    .choice(
      name, default: value.rawValue, of: Choice.allCases.map(\.rawValue), help: help)
  }
}
