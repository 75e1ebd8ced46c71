import FulcrumKernel

/// A section of a configuration: its keys with what they take, and their values as typed properties.
///
/// A key is named in its section's file alone; everything else reads properties.
package protocol SettingsSection: Sendable {
  /// The key of the section itself; empty: its keys stand at the top.
  static var key: String { get }
  /// The section's keys with ranges, defaults and help.
  static var schema: [Parameter] { get }

  /// - Parameter values: checked against the schema, and complete.
  init(_ values: Parameters) throws(FulcrumError)
}

extension Parameters {
  /// The case that a choice stands for.
  ///
  /// - Throws: `.parameter` for a text that no case has: the schema offers more than the type.
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

  /// A text; `nil` where it is empty.
  func optionalText(_ name: String) throws(FulcrumError) -> String? {
    let text = try text(name)
    return text.isEmpty ? nil : text
  }
}

extension Parameter {
  /// A choice among all cases of a type.
  static func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ name: String, default value: Choice, help: String
  ) -> Parameter {
    .choice(
      name, default: value.rawValue, of: Choice.allCases.map(\.rawValue), help: help)
  }
}
