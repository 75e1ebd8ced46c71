import FulcrumKernel

/// The kinds that work on a rollout batch.
extension Exercise {
  init(_ transform: any AdvantageTransform) {
    let made = MadeUpBatch()
    let batch = made.batch(needs: transform.needs)
    let returns = made.returns
    self.init(made) { () throws(FulcrumError) in
      try (transform as? any StatefulComponent)?.begin(batch)
      var advantages = returns
      var span = advantages.mutableSpan
      try transform.transform(&span, of: batch)
    }
  }

  init(_ scheduler: any UpdateScheduler) {
    let made = MadeUpBatch()
    let batch = made.batch(needs: scheduler.needs)
    let advantages = made.returns
    self.init(made) { () throws(FulcrumError) in
      try (scheduler as? any StatefulComponent)?.begin(batch)
      _ = try scheduler.phases(for: batch, advantages: advantages.span)
    }
  }

  init(_ objective: any PolicyObjective) throws(FulcrumError) {
    let made = MadeUpBatch()
    let minibatch = try MadeUpMinibatch(
      made.batch(needs: objective.needs), needs: objective.needs,
      // Centred, so that either sign occurs.
      advantages: made.returns.map { $0 - 0.5 }, current: made.currentValues)
    self.init(made) { () throws(FulcrumError) in _ = try minibatch.weighed(by: objective) }
  }

  private init(_ batch: MadeUpBatch, call: @escaping () throws(FulcrumError) -> Void) {
    self.init(
      unit: "tokens", size: batch.sequences.tokenCount, batch: batch.description, call: call)
  }
}
