import FulcrumKernel
import PluginHost
import YAML

extension ForeignManifest {
  private static let parameterTypes = ["number", "integer", "flag", "text", "choice"]

  /// Reads the parameters that a manifest declares, in its order.
  static func parameters(_ top: ManifestSection) throws(FulcrumError) -> [Parameter] {
    var parameters: [Parameter] = []
    for (index, node) in (try top.list("parameters") ?? []).enumerated() {
      let section = try ManifestSection(node, path: "parameters[\(index)]")
      let parameter = try self.parameter(section)
      guard !parameters.contains(where: { $0.name == parameter.name }) else {
        throw section.refuse("name", "the parameter '\(parameter.name)' is declared twice")
      }
      parameters.append(parameter)
    }
    return parameters
  }

  private static func parameter(_ section: ManifestSection) throws(FulcrumError) -> Parameter {
    let typeText = try section.choice("type", of: parameterTypes)
    let type = try section.required(
      "type", typeText, "one of " + parameterTypes.joined(separator: ", "))
    let ranged = type == "number" || type == "integer"
    try section.check(
      ["name", "type", "default", "help"] + (ranged ? ["range"] : [])
        + (type == "choice" ? ["choices"] : []))
    let name = try section.required("name", try section.text("name"), "a text")
    guard PluginName(name) != nil else {
      throw section.refuse("name", "expected a name of \(PluginName.rule), got '\(name)'")
    }
    let help = try section.required("help", try section.text("help"), "one line for the manual")
    var value: ParameterValue?
    if let node = section.entries["default"] {
      guard case .value(let scalar) = node else {
        throw section.refuse("default", "expected a single value")
      }
      value = scalar
    }
    let parameter = Parameter(
      name: name, kind: try kind(type, section), default: value, help: help)
    do throws(FulcrumError) {
      // Without a default there is nothing that could break the rule.
      if value != nil { _ = try Parameters(for: [parameter], at: "") }
    } catch {
      throw section.refuse("default", error.message, hint: "correct the default or the range")
    }
    return parameter
  }

  private static func kind(
    _ type: String, _ section: ManifestSection
  ) throws(FulcrumError) -> Parameter.Kind {
    switch type {
    case "number":
      guard let ends = try section.numbers("range") else {
        return .number(-Double.infinity...Double.infinity)
      }
      guard ends.count == 2, ends[0] <= ends[1] else { throw badRange(section) }
      return .number(ends[0]...ends[1])
    case "integer":
      guard let ends = try section.integers("range") else { return .integer(Int.min...Int.max) }
      guard ends.count == 2, ends[0] <= ends[1] else { throw badRange(section) }
      return .integer(ends[0]...ends[1])
    case "flag": return .flag
    case "choice":
      guard let choices = try section.texts("choices"), !choices.isEmpty else {
        throw section.refuse("choices", "expected a list of texts")
      }
      return .choice(choices)
    default: return .text
    }
  }

  private static func badRange(_ section: ManifestSection) -> FulcrumError {
    section.refuse(
      "range", "expected the least and the greatest value, both included",
      hint: "write range: [0, 1]")
  }
}
