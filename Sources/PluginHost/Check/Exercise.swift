import FulcrumKernel

/// Calls a component as a run does, with made-up data.
struct Exercise {
  /// What one call works through, for rates: `tokens`.
  let unit: String
  /// How many of them a call has.
  let size: Int
  /// For tables: `4,096 tokens in 64 sequences`.
  let batch: String
  /// Calls it with one of two inputs and feeds all that it gives into a digest.
  private let work: (_ variant: Int, _ result: inout Hasher) throws(FulcrumError) -> Void

  init(
    unit: String, size: Int, batch: String,
    work: @escaping (_ variant: Int, _ result: inout Hasher) throws(FulcrumError) -> Void
  ) {
    self.unit = unit
    self.size = size
    self.batch = batch
    self.work = work
  }

  /// - Throws: `.pluginFault` if the instance is not what its kind says.
  init(
    _ kind: HostComponent.Kind, _ instance: any Component, _ size: MadeUpBatch.Size,
    at subject: String
  ) throws(FulcrumError) {
    let exercise: Exercise? =
      switch kind {
      case .advantageTransform:
        (instance as? any AdvantageTransform).map { .transform($0, size) }
      case .updateScheduler: (instance as? any UpdateScheduler).map { .scheduler($0, size) }
      case .policyObjective: (instance as? any PolicyObjective).map { .objective($0, size) }
      case .reward: (instance as? any RewardFn).map { .reward($0, size) }
      case .task: (instance as? any TaskSource).map { .task($0, size) }
      case .policy:
        try (instance as? any PolicyModel).map { (policy) throws(FulcrumError) in
          try .policy(policy, size)
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

  func call(_ variant: Int) throws(FulcrumError) {
    var ignored = Hasher()
    try work(variant, &ignored)
  }

  /// What a first call throws.
  var error: FulcrumError? {
    do {
      try call(0)
      return nil
    } catch {
      return error
    }
  }

  /// A digest of what a call gives, errors included; equal within a process for equal results.
  func outcome(_ variant: Int) -> Int {
    var hasher = Hasher()
    do {
      try work(variant, &hasher)
    } catch {
      hasher.combine(error.description)
    }
    return hasher.finalize()
  }
}

extension Hasher {
  /// The bits, so that NaN equals itself.
  mutating func combine(bits values: [Float]) {
    for value in values { combine(value.bitPattern) }
  }
}
