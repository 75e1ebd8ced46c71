import FulcrumKernel
import PluginChecks
import PluginHost
import PluginTesting

/// Lists the promises of a component's kind: its contract.
enum ContractSuites {
  /// Returns each promise as a sentence, with a check that throws if it is broken.
  ///
  /// - Parameter samples: what a reward is tried with; none: made-up samples.
  static func promises(
    of component: HostComponent, _ parameters: [String: ParameterValue],
    samples: [ExpectedSample] = []
  ) -> [CheckWorker.Promise] {
    let promises = checks(of: component, parameters, samples.map(\.sample)).map {
      check -> CheckWorker.Promise in
      (
        check.name,
        { () throws(FulcrumError) in
          try check.run()
          return .ok("")
        }
      )
    }
    return promises + furtherPromises(of: component, parameters, samples)
  }

  /// The promises that only this command looks at.
  private static func furtherPromises(
    of component: HostComponent, _ parameters: [String: ParameterValue], _ samples: [ExpectedSample]
  ) -> [CheckWorker.Promise] {
    let manual = component.manual
    let context = ComponentContext(seed: 1, threads: 1)
    switch component.kind {
    case .reward where !samples.isEmpty:
      let make = maker(component, (any RewardFn).self)
      return [
        (
          "the file's samples are scored as their lines expect",
          { () throws(FulcrumError) in
            let checked = try Parameters(parameters, for: manual.parameters, at: manual.name)
            return try RewardExpectation.check(samples, by: make(checked, context))
          }
        )
      ]
    case .task:
      let make = maker(component, (any TaskSource).self)
      return [
        (
          "held-out items that are read or picked look like those to train on",
          { () throws(FulcrumError) in
            let checked = try Parameters(parameters, for: manual.parameters, at: manual.name)
            // The contract's promise is that of a task that can't mean it.
            let likeness = try TaskLikeness(of: make(checked, context))
            guard let difference = likeness.difference, likeness.mayBeMeant else { return .ok("") }
            return .warning(
              difference
                + " (hint: where nobody meant it, draw both in one way, and split by a well-mixed hash)"
            )
          }
        )
      ]
    default: return []
    }
  }

  private static func checks(
    of component: HostComponent, _ parameters: [String: ParameterValue], _ samples: [RewardSample]
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
        reward: manual, parameters, samples: samples, type: component.type as? any RewardFn.Type,
        make: maker(component, (any RewardFn).self))
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
