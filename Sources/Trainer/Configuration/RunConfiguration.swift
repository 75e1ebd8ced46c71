import Foundation
import FulcrumKernel
import PluginHost
import YAML

/// A component that a configuration names: `{use: NAME, sha256: …, parameter: value, …}`.
package struct ComponentChoice: Sendable {
  /// A component's name, `plugin/component`, or a library's path.
  package let use: String
  /// The digest that the library must have, if the configuration pins it.
  package let digest: String?
  package let parameters: [String: ParameterValue]
  /// How much a reward counts beside others; of other components 1.
  package let weight: Double
  /// The key path, for messages.
  package let path: String

  /// The error for what names no component; its place is for the thrower to add.
  static let expected = FulcrumError(
    .configuration, "expected a component's name or {use: NAME, …}",
    hint: "fulcrum plugin list shows the names")

  /// The same component with one parameter replaced.
  package func setting(_ name: String, to value: ParameterValue) -> ComponentChoice {
    var parameters = parameters
    parameters[name] = value
    return ComponentChoice(
      use: use, digest: digest, parameters: parameters, weight: weight, path: path)
  }
}

/// A checked configuration: what to run, with every default filled in.
///
/// Sections hold plain settings and are checked by schemas like a component's; choices name
/// components, whose parameters are checked when they are made, by their own manuals.
package struct RunConfiguration: Sendable {
  package let tree: ConfigurationTree
  package let general: Parameters
  package let rollout: Parameters
  package let update: Parameters
  package let reference: Parameters
  package let evaluation: Parameters
  package let checkpoint: Parameters
  package let logging: Parameters
  package let warmStart: Parameters
  package let microscope: Parameters

  package init(tree: ConfigurationTree) throws(FulcrumError) {
    self.tree = tree
    do throws(FulcrumError) {
      let names = ConfigurationSchema.general.map(\.name)
      let known = names + ConfigurationSchema.sections.map(\.name) + ConfigurationSchema.choices
      for name in tree.root.keys.sorted() where !known.contains(name) && name != "provenance" {
        throw FulcrumError(
          .configuration, "unknown key '\(name)'", at: name,
          hint: NearNames.hint(for: name, among: known))
      }
      general = try Self.parameters(
        tree.root.filter { names.contains($0.key) }, ConfigurationSchema.general, at: "")
      rollout = try Self.section("rollout", of: tree)
      update = try Self.section("update", of: tree)
      reference = try Self.section("reference", of: tree)
      evaluation = try Self.section("evaluation", of: tree)
      checkpoint = try Self.section("checkpoint", of: tree)
      logging = try Self.section("logging", of: tree)
      warmStart = try Self.section("warm-start", of: tree)
      microscope = try Self.section("microscope", of: tree)
    } catch {
      throw tree.placed(error)
    }
  }

  /// The sections by name, in the schema's order.
  package var sections: [(name: String, parameters: Parameters)] {
    [
      ("rollout", rollout), ("update", update), ("reference", reference),
      ("evaluation", evaluation), ("checkpoint", checkpoint), ("logging", logging),
      ("warm-start", warmStart), ("microscope", microscope),
    ]
  }

  /// The threads to keep busy: the configured number, or the machine's cores.
  package func threadCount() throws(FulcrumError) -> Int {
    let threads = try general.integer("threads")
    return threads > 0 ? threads : ProcessInfo.processInfo.activeProcessorCount
  }

  /// The component under a key that must be there.
  package func choice(_ key: String) throws(FulcrumError) -> ComponentChoice {
    let choices = try choices(key)
    guard choices.count == 1 else {
      throw tree.placed(
        FulcrumError(
          .configuration,
          choices.isEmpty
            ? "expected a component, got nothing" : "expected one component, got \(choices.count)",
          at: key, hint: "write \(key): {use: NAME}; fulcrum plugin list shows the names"))
    }
    return choices[0]
  }

  /// The components under a key: none, one, or a list.
  package func choices(_ key: String) throws(FulcrumError) -> [ComponentChoice] {
    guard let node = tree.root[key] else { return [] }
    do throws(FulcrumError) {
      guard case .list(let elements) = node else { return [try Self.choice(node, at: key)] }
      var result: [ComponentChoice] = []
      for (index, element) in elements.enumerated() {
        result.append(try Self.choice(element, at: "\(key)[\(index)]"))
      }
      return result
    } catch {
      throw tree.placed(error)
    }
  }

  private static func choice(_ node: ConfigurationTree.Node, at path: String)
    throws(FulcrumError) -> ComponentChoice
  {
    if case .value(.text(let name)) = node, !name.isEmpty {
      return ComponentChoice(use: name, digest: nil, parameters: [:], weight: 1, path: path)
    }
    guard case .section(var entries) = node,
      case .value(.text(let use))? = entries.removeValue(forKey: "use")
    else {
      throw ComponentChoice.expected.within(path)
    }
    var digest: String?
    if let pin = entries.removeValue(forKey: "sha256") {
      guard case .value(let value) = pin else {
        throw FulcrumError(.configuration, "expected a digest's 64 digits", at: "\(path).sha256")
      }
      digest = "\(value)"
    }
    let weight = path.hasPrefix("reward") ? try takeWeight(&entries, at: path) : 1
    return ComponentChoice(
      use: use, digest: digest, parameters: try values(entries, at: path), weight: weight,
      path: path)
  }

  private static func takeWeight(
    _ entries: inout [String: ConfigurationTree.Node], at path: String
  ) throws(FulcrumError) -> Double {
    switch entries.removeValue(forKey: "weight") {
    case nil: return 1
    case .value(.number(let weight))? where weight.isFinite: return weight
    case .value(.integer(let weight))?: return Double(weight)
    default:
      throw FulcrumError(
        .configuration, "expected a number", at: "\(path).weight",
        hint: "the reward is the sum of weight times score")
    }
  }

  private static func section(_ name: String, of tree: ConfigurationTree) throws(FulcrumError)
    -> Parameters
  {
    let schema = ConfigurationSchema.sections.first { $0.name == name }?.parameters ?? []
    switch tree.root[name] {
    case nil: return try parameters([:], schema, at: name)
    case .section(let entries)?: return try parameters(entries, schema, at: name)
    default:
      throw FulcrumError(
        .configuration, "expected keys with values, got a list or a single value", at: name)
    }
  }

  private static func parameters(
    _ entries: [String: ConfigurationTree.Node], _ schema: [Parameter], at path: String
  ) throws(FulcrumError) -> Parameters {
    try Parameters(try values(entries, at: path), for: schema, at: path)
  }

  private static func values(_ entries: [String: ConfigurationTree.Node], at path: String)
    throws(FulcrumError) -> [String: ParameterValue]
  {
    var values: [String: ParameterValue] = [:]
    for (name, node) in entries {
      guard let value = node.parameterValue else {
        throw FulcrumError(
          .configuration, "expected a value or a list of values, got keys within",
          at: path.isEmpty ? name : "\(path).\(name)")
      }
      values[name] = value
    }
    return values
  }
}
