import FulcrumKernel

/// The kinds that work on a rollout batch.
extension Exercise {
  static func transform(
    _ transform: any AdvantageTransform, _ size: MadeUpBatch.Size
  ) -> Exercise {
    let made = variants(size)
    let batches = made.map { $0.batch(needs: transform.needs) }
    return Exercise(made[0]) { (variant, result) throws(FulcrumError) in
      var advantages = made[variant].advantages
      var span = advantages.mutableSpan
      try transform.transform(&span, of: batches[variant])
      result.combine(bits: advantages)
    }
  }

  static func scheduler(_ scheduler: any UpdateScheduler, _ size: MadeUpBatch.Size) -> Exercise {
    let made = variants(size)
    let batches = made.map { $0.batch(needs: scheduler.needs) }
    let advantages = made.map(\.advantages)
    return Exercise(made[0]) { (variant, result) throws(FulcrumError) in
      let values = advantages[variant]
      let phases = try scheduler.phases(for: batches[variant], advantages: values.span)
      for phase in phases {
        result.combine(phase.name)
        result.combine(phase.participates)
      }
    }
  }

  static func objective(_ objective: any PolicyObjective, _ size: MadeUpBatch.Size) -> Exercise {
    let made = variants(size)
    let inputs = made.map { ObjectiveArrays($0, needs: objective.needs) }
    return Exercise(made[0]) { (variant, result) throws(FulcrumError) in
      try inputs[variant].weigh(by: objective, into: &result)
    }
  }

  private static func variants(_ size: MadeUpBatch.Size) -> [MadeUpBatch] {
    [MadeUpBatch(size, variant: 0), MadeUpBatch(size, variant: 1)]
  }

  private init(
    _ batch: MadeUpBatch,
    work: @escaping (_ variant: Int, _ result: inout Hasher) throws(FulcrumError) -> Void
  ) {
    self.init(
      unit: "tokens", size: batch.sequences.tokenCount, batch: batch.description, work: work)
  }
}

/// A mini-batch as arrays, from which an objective's input borrows.
private struct ObjectiveArrays {
  let current: [Float]
  let entropies: [Float]
  let levers: [Float]
  let advantages: [Float]
  let old: [Float]
  let reference: [Float]
  let offsets: [Int]

  init(_ batch: MadeUpBatch, needs: Set<Column>) {
    func column(_ column: Column) -> [Float] {
      needs.contains(column) ? batch.column(column) : []
    }
    // A little away from the old ones, as after a first update.
    current = batch.column(.oldLogProbabilities).enumerated().map {
      min(0, $1 + ($0.isMultiple(of: 2) ? 0.1 : -0.1))
    }
    // The current scores come with the input, declared or not.
    entropies = batch.column(.entropies)
    levers = batch.column(.levers)
    // Centred, so that either sign occurs.
    advantages = batch.advantages.map { $0 - 0.5 }
    old = column(.oldLogProbabilities)
    reference = column(.referenceLogProbabilities)
    offsets = (0...batch.sequences.sequenceCount).map { batch.sequences.offsets[$0] }
  }

  func weigh(
    by objective: any PolicyObjective, into result: inout Hasher
  ) throws(FulcrumError) {
    var survey: [Float] = []
    if objective.surveysMinibatch {
      try withInput(survey: []) { (input) throws(FulcrumError) in
        survey = try objective.survey(input)
      }
      guard survey.count == current.count else {
        throw FulcrumError(
          .pluginFault,
          "expected a survey of \(current.count) tokens, got \(survey.count) values")
      }
    }
    var weights = [Float](repeating: 0, count: current.count)
    var losses = weights
    var entropyWeights = weights
    var entropyLosses = weights
    var metrics = MetricSums()
    try withInput(survey: survey) { (input) throws(FulcrumError) in
      var weightSpan = weights.mutableSpan
      var lossSpan = losses.mutableSpan
      try objective.weigh(input, weights: &weightSpan, losses: &lossSpan, metrics: &metrics)
      guard objective.weighsEntropy else { return }
      var entropyWeightSpan = entropyWeights.mutableSpan
      var entropyLossSpan = entropyLosses.mutableSpan
      try objective.weighEntropy(
        input, weights: &entropyWeightSpan, losses: &entropyLossSpan, metrics: &metrics)
    }
    for column in [weights, losses, entropyWeights, entropyLosses] { result.combine(bits: column) }
  }

  private func withInput(
    survey: [Float], _ body: (borrowing ObjectiveInput) throws(FulcrumError) -> Void
  ) throws(FulcrumError) {
    let scores = TokenScores(
      logProbabilities: current.span, entropies: entropies.span, levers: levers.span)
    let input = ObjectiveInput(
      scores: scores, advantages: advantages.span, oldLogProbabilities: old.span,
      referenceLogProbabilities: reference.span, offsets: offsets.span,
      minibatchTokenCount: current.count, minibatchSequenceCount: offsets.count - 1,
      shares: Span(), survey: survey.span, step: 1, update: 0)
    try body(input)
  }
}
