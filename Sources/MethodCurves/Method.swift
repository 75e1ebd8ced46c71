import FulcrumKernel
import PluginHost

/// A component of a plugin, with what it does to tokens' weights or why that can't be told.
package struct Method: Sendable {
  package enum Outcome: Sendable {
    case curves(MethodPortrait)
    /// It lacks what the request must give: a sentence.
    case incomplete(String)
    case failed(FulcrumError)
  }

  package let kind: HostComponent.Kind
  package let manual: ComponentManual
  package let plugin: String
  package let version: String
  /// The parameters that the request gave, by name.
  package let given: [String: ParameterValue]
  /// What it reads beside the advantages: columns and capabilities.
  package private(set) var reads: [String] = []
  package private(set) var outcome: Outcome

  /// Tries a component.
  ///
  /// - Parameters:
  ///   - component: of one of `MethodTrial.kinds`.
  ///   - plugin: the one that has it.
  ///   - settings: what the request gives, by component and parameter; what the manual doesn't declare
  ///     is another component's.
  package init(
    _ component: HostComponent, of plugin: LoadedPlugin,
    settings: [String: [String: ParameterValue]]
  ) {
    self.init(component, plugin: plugin.name, version: plugin.version, settings: settings)
  }

  init(
    _ component: HostComponent, plugin: String, version: String,
    settings: [String: [String: ParameterValue]]
  ) {
    kind = component.kind
    manual = component.manual
    self.plugin = plugin
    self.version = version
    let schema = component.manual.parameters
    given = settings[manual.name, default: [:]].filter { name, _ in
      schema.contains { $0.name == name }
    }
    let missing = schema.filter { [given] in $0.defaultValue == nil && given[$0.name] == nil }
    guard missing.isEmpty else {
      let settings = missing.map { "--set \(component.manual.name).\($0.name)=…" }
      outcome = .incomplete("give " + settings.joined(separator: " and "))
      return
    }
    do throws(FulcrumError) {
      let parameters = try Parameters(given, for: schema, at: component.label)
      let found = try MethodTrial(component: component, parameters: parameters).run()
      reads = Self.words(found.reading, found.curves)
      outcome = .curves(found.curves)
    } catch {
      outcome = .failed(error)
    }
  }

  package var curves: MethodPortrait? {
    if case .curves(let curves) = outcome { curves } else { nil }
  }

  package var error: FulcrumError? {
    if case .failed(let error) = outcome { error } else { nil }
  }

  /// The name of its figure: letters, digits, hyphens.
  package var id: String { "\(kind.rawValue)-\(manual.name)" }

  private static func words(_ reading: MethodTrial.Reading, _ curves: MethodPortrait) -> [String] {
    var words = reading.needs.map(\.name).sorted()
    if curves.measure == .baseline { words.append("its group's returns") }
    if reading.isSurveying { words.append("a survey of the mini-batch") }
    if let count = reading.candidates { words.append("\(count) candidates a place") }
    if reading.weighsEntropy { words.append("∇H") }
    if reading.isStateful { words.append("its state from step to step") }
    return words
  }
}
