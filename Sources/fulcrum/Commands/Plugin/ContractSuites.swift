import FulcrumKernel
import PluginChecks
import PluginHost
import PluginTesting

/// Lists the promises of a component's kind: its contract.
enum ContractSuites {
  /// Returns each promise as a sentence, with a check that throws if it is broken.
  static func promises(
    of component: HostComponent, _ parameters: [String: ParameterValue]
  ) -> [CheckWorker.Promise] {
    checks(of: component, parameters).map { check in
      (check.name, { () throws(FulcrumError) in try check.run() })
    }
  }

  private static func checks(
    of component: HostComponent, _ parameters: [String: ParameterValue]
  ) -> [ContractCheck] {
    let manual = component.manual
    return switch component.kind {
    case .advantageTransform:
      PluginContract.checks(
        advantageTransform: manual, parameters,
        type: component.type as? any AdvantageTransform.Type,
        make: maker(component, (any AdvantageTransform).self))
    case .updateScheduler:
      PluginContract.checks(
        updateScheduler: manual, parameters, type: component.type as? any UpdateScheduler.Type,
        make: maker(component, (any UpdateScheduler).self))
    case .policyObjective:
      PluginContract.checks(
        policyObjective: manual, parameters, type: component.type as? any PolicyObjective.Type,
        make: maker(component, (any PolicyObjective).self))
    case .reward:
      PluginContract.checks(
        reward: manual, parameters, make: maker(component, (any RewardFn).self))
    case .task:
      PluginContract.checks(
        task: manual, parameters, make: maker(component, (any TaskSource).self))
    case .policy:
      PluginContract.checks(
        policy: manual, parameters, type: component.type as? any PolicyModel.Type,
        make: maker(component, (any PolicyModel).self))
    // A newer kernel's kind, which this host doesn't know.
    @unknown default: []
    }
  }

  private static func maker<Instance>(
    _ component: HostComponent, _ type: Instance.Type
  ) -> PluginContract.Maker<Instance> {
    { (parameters, context) throws(FulcrumError) in
      let made = try component.make(parameters, context: context)
      guard let instance = made as? Instance else {
        throw FulcrumError(
          .pluginFault,
          "it is registered as \(component.kind.rawValue) but does not conform to its protocol",
          at: component.manual.name, hint: "register it by the method of its own protocol")
      }
      return instance
    }
  }
}
