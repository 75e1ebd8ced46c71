import FulcrumKernel
import PluginHost
import Settings
import Stages
import Training
import YAML

/// Makes a configuration's components from plugins.
package struct ComponentFactory {
  package let host: PluginHost
  package let context: ComponentContext

  private let paths: MissingPath

  /// - Parameter tree: the configuration, for messages.
  package init(host: PluginHost, context: ComponentContext, tree: ConfigurationTree? = nil) {
    self.host = host
    self.context = context
    paths = MissingPath(tree)
  }

  package func task(_ choice: ComponentChoice) throws(FulcrumError) -> any TaskSource {
    try make(.task, choice, as: (any TaskSource).self).component
  }

  /// - Parameters:
  ///   - checkpoint: replaces the folder that the choice names.
  ///   - isPlain: whether the policy's optimiser is to be plain ascent (θ + rate times gradient),
  ///     whatever the choice says.
  /// - Throws: `.unsupported` for a policy without a parameter for one of these.
  package func policy(
    _ choice: ComponentChoice, checkpoint: String? = nil, isPlain: Bool = false
  ) throws(FulcrumError) -> any PolicyModel {
    var choice = choice
    if let checkpoint { choice = try setting(.checkpoint, to: .text(checkpoint), in: choice) }
    if isPlain {
      choice = try setting(.optimizer, to: .text("sgd"), in: choice)
      for meaning in [ParameterMeaning.weightDecay, .gradientLimit] {
        choice = try setting(meaning, to: .number(0), in: choice, isRequired: false)
      }
    }
    return try make(.policy, choice, as: (any PolicyModel).self).component
  }

  /// Returns the checkpoint that a policy's choice names; `nil`: none.
  func checkpoint(of choice: ComponentChoice) throws(FulcrumError) -> String? {
    let (found, parameters) = try resolve(.policy, choice)
    let schema = found.component.manual.parameters
    guard let parameter = schema.first(where: { $0.meaning == .checkpoint }) else {
      return nil
    }
    let path = try parameters.text(parameter.name)
    return path.isEmpty ? nil : path
  }

  /// Returns the policy's choice with the parameter of a meaning replaced.
  private func setting(
    _ meaning: ParameterMeaning, to value: ParameterValue, in choice: ComponentChoice,
    isRequired: Bool = true
  ) throws(FulcrumError) -> ComponentChoice {
    let manual = try find(.policy, choice).manual
    if let parameter = manual.parameters.first(where: { $0.meaning == meaning }) {
      return choice.setting(parameter.name, to: value)
    }
    guard isRequired else { return choice }
    throw FulcrumError(
      .unsupported,
      "expected a policy with a parameter that means its \(meaning.rawValue), got"
        + " \(manual.name), which has none", at: choice.path,
      hint: "its author declares one with 'meaning: .\(meaning.rawValue)'")
  }

  /// Returns the policy's type, for work that needs no model. The parameters are checked all the
  /// same.
  package func policyType(_ choice: ComponentChoice) throws(FulcrumError) -> any PolicyModel.Type {
    let registered = try find(.policy, choice)
    _ = try resolve(.policy, choice)
    guard let type = registered.type as? any PolicyModel.Type else {
      throw Self.misregistered(registered, at: choice.path)
    }
    return type
  }

  package func reward(_ choice: ComponentChoice) throws(FulcrumError) -> WeightedReward {
    let reward = try make(.reward, choice, as: (any RewardFn).self)
    return WeightedReward(
      name: reward.name, component: reward.component, weight: choice.weight, label: choice.label)
  }

  package func transform(_ choice: ComponentChoice) throws(FulcrumError)
    -> Named<any AdvantageTransform>
  {
    try make(.advantageTransform, choice, as: (any AdvantageTransform).self)
  }

  package func scheduler(_ choice: ComponentChoice) throws(FulcrumError)
    -> Named<any UpdateScheduler>
  {
    try make(.updateScheduler, choice, as: (any UpdateScheduler).self)
  }

  package func objective(_ choice: ComponentChoice) throws(FulcrumError)
    -> Named<any PolicyObjective>
  {
    try make(.policyObjective, choice, as: (any PolicyObjective).self)
  }

  /// Returns a choice's manual, and its parameters, completed with the manual's defaults.
  package func resolve(_ kind: HostComponent.Kind, _ choice: ComponentChoice)
    throws(FulcrumError) -> (found: FoundComponent, parameters: Parameters)
  {
    let found = try located(kind, choice)
    let schema = found.component.manual.parameters
    return (found, try Parameters(choice.parameters, for: schema, at: choice.path))
  }

  func find(_ kind: HostComponent.Kind, _ choice: ComponentChoice)
    throws(FulcrumError) -> HostComponent
  {
    try located(kind, choice).component
  }

  /// Returns a choice's component with the plugin that has it.
  func located(_ kind: HostComponent.Kind, _ choice: ComponentChoice)
    throws(FulcrumError) -> FoundComponent
  {
    do {
      return try host.find(kind, choice.use, pinnedDigest: choice.digest)
    } catch {
      var error = error
      // Other names stand for plugins on the search path.
      if choice.use.hasPrefix(".") { error = paths.explain(error, path: choice.use) }
      let namesakes = host.kinds(named: choice.use).filter { $0 != kind }
      if error.code == .notFound, !namesakes.isEmpty {
        let keys = namesakes.map { "'\($0.configurationKey.rawValue)'" }
        error.hint = "it is of another kind: name it under \(keys.joined(separator: " or "))"
      }
      throw error.within("\(choice.path).use")
    }
  }

  private func make<Instance>(
    _ kind: HostComponent.Kind, _ choice: ComponentChoice, as metatype: Instance.Type
  ) throws(FulcrumError) -> Named<Instance> {
    let registered = try find(kind, choice)
    let parameters = try Parameters(
      choice.parameters, for: registered.manual.parameters, at: choice.path)
    let role = kind.configurationKey.rawValue
    let name = registered.manual.name
    let component = try Stage.within("the making of \(role) \(name)") {
      () throws(FulcrumError) in
      do throws(FulcrumError) {
        return try registered.make(parameters, context: context)
      } catch {
        if registered.type is any LoadingPolicy.Type, error.code == .notFound {
          throw error.within(choice.path)
        }
        throw paths.explain(error, of: registered.manual, choice.parameters, at: choice.path)
      }
    }
    guard let instance = component as? Instance else {
      throw Self.misregistered(registered, at: choice.path)
    }
    return Named(role, name: name, component: instance)
  }

  private static func misregistered(
    _ registered: HostComponent, at path: String
  ) -> FulcrumError {
    FulcrumError(
      .pluginFault,
      "component \(registered.manual.name) is registered as \(registered.kind.rawValue)"
        + " but does not conform to its protocol", at: path,
      hint: "this is a fault of the plugin; report it to its author")
  }
}
