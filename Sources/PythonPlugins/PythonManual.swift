import FulcrumKernel
import JSON
import PluginHost
import Wire

/// Reads what a file's process says of its components.
enum PythonManual {
  /// The kinds of component that a Python file can have.
  static let kinds: [HostComponent.Kind] = [
    .advantageTransform, .updateScheduler, .policyObjective, .reward, .task,
  ]

  /// Returns the components, each with its maker.
  ///
  /// - Parameter described: a list.
  /// - Throws: `.program` for what is no list of components.
  static func components(
    _ described: JSONValue, of program: PythonProgram
  ) throws(FulcrumError) -> [HostComponent] {
    let manuals = try program.read("describe") { () throws(WireFault) in
      try self.manuals(described)
    }
    return manuals.map { kind, manual in
      HostComponent(kind: kind, manual: manual) { (parameters, context) throws(FulcrumError) in
        try PythonInstance.make(kind, manual, parameters, context, in: program)
      }
    }
  }

  private static func manuals(
    _ value: JSONValue
  ) throws(WireFault) -> [(HostComponent.Kind, ComponentManual)] {
    var manuals: [(HostComponent.Kind, ComponentManual)] = []
    for element in value.elements ?? [] {
      guard let kind = element["kind"]?.text.flatMap(HostComponent.Kind.init(rawValue:)),
        kinds.contains(kind), let name = element["name"]?.text,
        let summary = element["summary"]?.text, let source = element["source"]?.text
      else { throw WireFault("expected a component, got \(element.excerpt)") }
      var parameters: [Parameter] = []
      for parameter in element["parameters"]?.elements ?? [] {
        parameters.append(try self.parameter(parameter))
      }
      manuals.append(
        (
          kind,
          ComponentManual(
            name: name, summary: summary, source: source,
            formula: element.present("formula")?.text ?? "", parameters: parameters)
        ))
    }
    return manuals
  }

  private static func parameter(_ value: JSONValue) throws(WireFault) -> Parameter {
    guard let name = value["name"]?.text, let type = value["type"]?.text,
      let kind = kind(type, value)
    else { throw WireFault("expected a parameter, got \(value.excerpt)") }
    var given: ParameterValue?
    if let written = value.present("default") {
      guard let accepted = ParameterValue(written, as: kind) else {
        throw WireFault("expected a default of type \(type) for '\(name)', got \(written.excerpt)")
      }
      given = accepted
    }
    return Parameter(
      name: name, kind: kind, default: given, help: value["help"]?.text ?? "",
      meaning: value["meaning"]?.text.flatMap(ParameterMeaning.init(rawValue:)))
  }

  private static func kind(_ type: String, _ value: JSONValue) -> Parameter.Kind? {
    let (low, high) = (value.present("low")?.double, value.present("high")?.double)
    let numbers = (low ?? -.infinity)...max(low ?? -.infinity, high ?? .infinity)
    let least = value.present("low")?.integer ?? .min
    let integers = least...max(least, value.present("high")?.integer ?? .max)
    switch type {
    case "number": return .number(numbers)
    case "numbers": return .numbers(numbers)
    case "integer": return .integer(integers)
    case "integers": return .integers(integers)
    case "flag": return .flag
    case "text": return .text
    case "texts": return .texts
    case "choice": return .choice(value["choices"]?.elements?.compactMap(\.text) ?? [])
    default: return nil
    }
  }
}
