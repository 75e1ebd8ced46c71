import FulcrumKernel
import Training
import YAML

/// Names a component in a configuration: `{use: NAME, sha256: …, parameter: value, …}`.
package struct ComponentChoice: Sendable {
  /// A component's name, `plugin/component`, or a library's path.
  package let use: String
  /// The digest that the library must have, if the configuration pins it.
  package let digest: String?
  package let parameters: [String: ParameterValue]
  /// A reward's weight in the sum of rewards; 1 for other components.
  package let weight: Double
  /// Names a reward in metrics and tables; `nil`: the component's name does.
  package let label: String?
  /// What becomes of a task's items whose prompts leave no room.
  package let overlong: OverlongRule
  /// The key path, for messages.
  package let path: String

  /// The error for a value that names no component; the code that throws it adds its place.
  static let expected = FulcrumError(
    .configuration, "expected a component's name or {use: NAME, …}",
    hint: "fulcrum plugin list shows the names")

  /// Returns the same component with one parameter replaced.
  package func setting(_ name: String, to value: ParameterValue) -> ComponentChoice {
    var parameters = parameters
    parameters[name] = value
    return ComponentChoice(
      use: use, digest: digest, parameters: parameters, weight: weight, label: label,
      overlong: overlong, path: path)
  }
}

extension ComponentChoice {
  /// Reads a choice; only a reward's choice has a weight and a label, only a task's a rule for long
  /// prompts.
  init(_ node: ConfigurationTree.Node, of key: ComponentKey, at path: String) throws(FulcrumError) {
    if case .value(.text(let name)) = node, !name.isEmpty {
      guard !name.contains("=") || name.contains("/") else {
        throw Self.assignments(name, at: path)
      }
      self.init(
        use: name, digest: nil, parameters: [:], weight: 1, label: nil, overlong: .refuse,
        path: path)
      return
    }
    guard case .section(var entries) = node,
      case .value(.text(let use))? = entries.removeValue(forKey: "use"), !use.isEmpty
    else {
      throw Self.unnamed(node, at: path)
    }
    var digest: String?
    if let pin = entries.removeValue(forKey: "sha256") {
      guard case .value(let value) = pin else {
        throw FulcrumError(.configuration, "expected a digest's 64 digits", at: "\(path).sha256")
      }
      digest = "\(value)"
    }
    let weight = key == .reward ? try Self.takeWeight(&entries, at: path) : 1
    let label = key == .reward ? try Self.takeLabel(&entries, at: path) : nil
    let overlong = key.kind == .task ? try Self.takeOverlong(&entries, at: path) : .refuse
    self.init(
      use: use, digest: digest, parameters: try entries.values(at: path), weight: weight,
      label: label, overlong: overlong, path: path)
  }

  private static func takeOverlong(
    _ entries: inout [String: ConfigurationTree.Node], at path: String
  ) throws(FulcrumError) -> OverlongRule {
    guard let node = entries.removeValue(forKey: OverlongRule.key) else { return .refuse }
    if case .value(.text(let text)) = node, let rule = OverlongRule(rawValue: text) { return rule }
    let names = OverlongRule.allCases.map(\.rawValue).joined(separator: ", ")
    let got = node.parameterValue.map { "\($0)" } ?? "keys within"
    throw FulcrumError(
      .configuration, "expected one of \(names), got \(got)", at: "\(path).\(OverlongRule.key)",
      hint: "what becomes of items whose prompts leave no room for a completion")
  }

  /// Returns the error for a value that names no component.
  private static func unnamed(_ node: ConfigurationTree.Node, at path: String) -> FulcrumError {
    var error = expected.within(path)
    switch node {
    case .value(.text): error.message += ", got nothing"
    case .value(let value): error.message += ", got \(value)"
    case .list: error.message += ", got a list within a list"
    case .section(let entries):
      error.message +=
        entries["use"] == nil ? ", got keys without 'use'" : ", got a 'use' without a name"
      if let written = written(entries) { error.hint = "write \(written)" }
    }
    return error
  }

  /// Returns how a choice is written whose name is a key of its own, or under another key than `use`.
  private static func written(_ entries: [String: ConfigurationTree.Node]) -> String? {
    func text(_ name: String, _ parameters: [String: ConfigurationTree.Node]) -> String {
      let values = parameters.sorted { $0.key < $1.key }.map { parameter in
        let value = parameter.value.parameterValue.map { "\($0)" } ?? "…"
        return "\(parameter.key): \(value)"
      }
      return "{\((["use: \(name)"] + values).joined(separator: ", "))}"
    }
    guard entries["use"] == nil else { return nil }
    if entries.count == 1, let (name, node) = entries.first {
      switch node {
      case .section(let parameters): return text(name, parameters)
      case .value(.text("")): return text(name, [:])
      default: break
      }
    }
    for key in ["name", "type", "kind"] {
      guard case .value(.text(let name))? = entries[key], !name.isEmpty else { continue }
      return text(name, entries.filter { $0.key != key })
    }
    return nil
  }

  /// Returns the error for parameters that are written behind a component's name: `name,eta=0.5`.
  private static func assignments(_ text: String, at path: String) -> FulcrumError {
    let parts = text.split(whereSeparator: { ",; ".contains($0) }).map(String.init)
    let name = parts.first { !$0.contains("=") }
    let values = parts.filter { $0.contains("=") }
    let section = values.map { $0.replacing("=", with: ": ", maxReplacements: 1) }
    let options =
      ([name.map { "\(path)=\($0)" }].compactMap { $0 } + values.map { "\(path).\($0)" })
      .map { $0.contains("[") ? "--set '\($0)'" : "--set \($0)" }
    return FulcrumError(
      .configuration, "expected a component's name or {use: NAME, …}, got '\(text)'", at: path,
      hint:
        "write {\((["use: \(name ?? "NAME")"] + section).joined(separator: ", "))}; on the command line"
        + " \(options.joined(separator: " "))")
  }

  /// The word before measures of what training doesn't have.
  package static let transferLabel = "transfer"
  /// The key of a reward's label.
  package static let labelKey = "label"

  private static func takeLabel(
    _ entries: inout [String: ConfigurationTree.Node], at path: String
  ) throws(FulcrumError) -> String? {
    guard let node = entries.removeValue(forKey: labelKey) else { return nil }
    if case .value(.text(let text)) = node, !text.isEmpty,
      text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
    {
      guard text != transferLabel else {
        throw FulcrumError(
          .configuration,
          "expected another name, for tables have items of other tasks under '\(text)'",
          at: "\(path).\(labelKey)")
      }
      return text
    }
    let got = node.parameterValue.map { $0 == .text("") ? "nothing" : "'\($0)'" } ?? "keys"
    throw FulcrumError(
      .configuration, "expected a name on one line, got \(got)", at: "\(path).\(labelKey)",
      hint: "metrics and tables have the reward under it: label: first attempt")
  }

  private static func takeWeight(
    _ entries: inout [String: ConfigurationTree.Node], at path: String
  ) throws(FulcrumError) -> Double {
    switch entries.removeValue(forKey: "weight") {
    case nil: return 1
    case .value(.number(let weight))? where weight.isFinite: return weight
    case .value(.integer(let weight))?: return Double(weight)
    case .some(let other):
      let got = other.parameterValue.map { $0 == .text("") ? "nothing" : "\($0)" } ?? "keys"
      throw FulcrumError(
        .configuration, "expected a number, got \(got)", at: "\(path).weight",
        hint: "the reward is the sum of weight times score")
    }
  }
}

extension [String: ConfigurationTree.Node] {
  /// Returns the values of a section that has no sections within.
  func values(at path: String) throws(FulcrumError) -> [String: ParameterValue] {
    var values: [String: ParameterValue] = [:]
    for (name, node) in sorted(by: { $0.key < $1.key }) {
      guard let value = node.parameterValue else {
        throw FulcrumError(
          .configuration,
          "expected a value or a list of values, got "
            + (node.isSection ? "keys" : "a list with lists or keys in it"),
          at: path.isEmpty ? name : "\(path).\(name)", hint: "write a value, or [a, b]")
      }
      values[name] = value
    }
    return values
  }
}
