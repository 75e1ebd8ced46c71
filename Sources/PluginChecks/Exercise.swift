import FulcrumKernel
import PluginHost

/// Calls a component as a run does, with made-up data, to see what its calls cost.
struct Exercise {
  /// The things that one call works through, for rates: `tokens`.
  let unit: String
  /// The number of them in a call.
  let size: Int
  /// The data of a call, for tables: `4096 tokens in 64 sequences`.
  let batch: String
  let call: () throws(FulcrumError) -> Void

  init(
    unit: String, size: Int, batch: String, call: @escaping () throws(FulcrumError) -> Void
  ) {
    self.unit = unit
    self.size = size
    self.batch = batch
    self.call = call
  }

  /// - Parameter samples: for a reward; none: made-up ones.
  /// - Throws: `.pluginFault` if the instance is not what its kind says; what a policy throws when
  ///   it is made ready.
  init(
    _ kind: HostComponent.Kind, _ instance: any Component, samples: [RewardSample] = [],
    at subject: String
  ) throws(FulcrumError) {
    let exercise: Exercise? =
      switch kind {
      case .advantageTransform: (instance as? any AdvantageTransform).map(Exercise.init)
      case .updateScheduler: (instance as? any UpdateScheduler).map(Exercise.init)
      case .policyObjective:
        try (instance as? any PolicyObjective).map { (objective) throws(FulcrumError) in
          try Exercise(objective)
        }
      case .reward: (instance as? any RewardFn).map { Exercise($0, samples: samples) }
      case .task: (instance as? any TaskSource).map(Exercise.init)
      case .policy:
        try (instance as? any PolicyModel).map { (policy) throws(FulcrumError) in
          try Exercise(policy)
        }
      @unknown default: nil
      }
    guard let exercise else {
      throw FulcrumError(
        .pluginFault, "it is registered as \(kind.rawValue) but does not conform to its protocol",
        at: subject, hint: "register it by the method of its own protocol")
    }
    self = exercise
  }
}
