import FulcrumKernel
import PluginHost

/// A component of a plugin, with what it does to tokens' weights or why that can't be told.
package struct Method: Codable, Sendable {
  package enum Outcome: Codable, Sendable {
    case curves(MethodPortrait)
    /// It lacks what the request must give: a sentence.
    case incomplete(String)
    case failed(Failure)
  }

  /// An error, as it travels from process to process.
  package struct Failure: Codable, Sendable {
    private let code: String
    private let message: String
    private let location: String?
    private let hint: String?

    package init(_ error: FulcrumError) {
      code = error.code.rawValue
      message = error.message
      location = error.location
      hint = error.hint
    }

    package var error: FulcrumError {
      FulcrumError(FulcrumError.Code(rawValue: code), message, at: location, hint: hint)
    }
  }

  private let kindName: String
  /// The component's name, or a variant's own.
  package let name: String
  /// Whether it is a component with other settings under a name of its own.
  package let isVariant: Bool
  /// The name of its figure: letters, digits, hyphens; another one for each method of a request.
  package internal(set) var id: String
  package let summary: String
  package let source: String
  package let formula: String
  package let plugin: String
  package let version: String
  /// The parameters that the request gave: `from 0, to 0.25`.
  package let given: String
  /// What it reads beside the advantages: columns and capabilities.
  package private(set) var reads: [String] = []
  package private(set) var outcome: Outcome

  /// Describes a component of one of `MethodTrial.kinds`, which is yet to be tried.
  private init(
    _ component: HostComponent, plugin: String, version: String,
    given: [String: ParameterValue], variant: String?
  ) {
    let manual = component.manual
    kindName = component.kind.rawValue
    name = variant ?? manual.name
    isVariant = variant != nil
    id = Self.plainID(kind: component.kind, name: name)
    (summary, source, formula) = (manual.summary, manual.source, manual.formula)
    (self.plugin, self.version) = (plugin, version)
    self.given = given.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
      .joined(separator: ", ")
    outcome = .incomplete("not tried")
  }

  package var kind: HostComponent.Kind {
    HostComponent.Kind(rawValue: kindName) ?? .advantageTransform
  }

  package var curves: MethodPortrait? {
    if case .curves(let curves) = outcome { curves } else { nil }
  }

  package var error: FulcrumError? {
    if case .failed(let failure) = outcome { failure.error } else { nil }
  }

  /// The component's place in messages: `policy-objective my-idea`.
  var label: String { "\(kindName) \(name)" }

  /// The same, failed.
  func failed(_ error: FulcrumError) -> Method {
    var copy = self
    copy.outcome = .failed(Failure(error))
    return copy
  }
}

extension Method {
  /// A component that is yet to be tried, with the values that the request gives it.
  struct Candidate {
    let component: HostComponent
    private(set) var method: Method
    private let given: [String: ParameterValue]

    /// - Parameters:
    ///   - component: of one of `MethodTrial.kinds`.
    ///   - plugin: the one that has it.
    ///   - version: the plugin's.
    ///   - settings: what the request gives, by component and parameter; what the manual doesn't
    ///     declare is another component's.
    ///   - variant: what the component is to be beside that; `nil`: itself.
    init(
      _ component: HostComponent, plugin: String, version: String,
      settings: [String: [String: ParameterValue]], variant: MethodVariant? = nil
    ) {
      let schema = component.manual.parameters
      given = settings[component.manual.name, default: [:]].filter { name, _ in
        schema.contains { $0.name == name }
      }.merging(variant?.settings ?? [:]) { $1 }
      self.component = component
      method = Method(
        component, plugin: plugin, version: version, given: given, variant: variant?.name)
    }

    /// The same with the description that has its figure's name.
    func identified(_ method: Method) -> Candidate {
      var copy = self
      copy.method = method
      return copy
    }

    /// Calls the component, and says what came of it.
    func tried() -> Method {
      let manual = component.manual
      var method = method
      let missing = manual.parameters.filter { $0.defaultValue == nil && given[$0.name] == nil }
      guard missing.isEmpty else {
        let settings = missing.map { "--set \(manual.name).\($0.name)=…" }
        method.outcome = .incomplete("give " + settings.joined(separator: " and "))
        return method
      }
      do throws(FulcrumError) {
        let parameters = try Parameters(given, for: manual.parameters, at: component.label)
        let found = try MethodTrial(component: component, parameters: parameters).run()
        method.reads = Method.words(found.reading, found.curves)
        method.outcome = .curves(found.curves)
      } catch {
        method.outcome = .failed(Failure(error))
      }
      return method
    }
  }

  /// Tries a component in this process.
  package static func trying(
    _ component: HostComponent, plugin: String, version: String = "0",
    settings: [String: [String: ParameterValue]] = [:]
  ) -> Method {
    Candidate(component, plugin: plugin, version: version, settings: settings).tried()
  }

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
