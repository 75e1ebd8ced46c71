import FulcrumKernel

/// The kinds that work on a rollout batch.
extension Exercise {
  init(_ transform: any AdvantageTransform) {
    let made = MadeUpBatch()
    let batch = made.batch(needs: transform.needs)
    let returns = made.returns
    self.init(made) { () throws(FulcrumError) in
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
      _ = try scheduler.phases(for: batch, advantages: advantages.span)
    }
  }

  init(_ objective: any PolicyObjective) {
    let made = MadeUpBatch()
    let minibatch = MadeUpMinibatch(made, needs: objective.needs)
    self.init(made) { () throws(FulcrumError) in try minibatch.weigh(by: objective) }
  }

  private init(_ batch: MadeUpBatch, call: @escaping () throws(FulcrumError) -> Void) {
    self.init(
      unit: "tokens", size: batch.sequences.tokenCount, batch: batch.description, call: call)
  }
}

/// Holds the arrays from which an objective's input borrows.
private struct MadeUpMinibatch {
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
    advantages = batch.returns.map { $0 - 0.5 }
    old = column(.oldLogProbabilities)
    reference = column(.referenceLogProbabilities)
    offsets = (0...batch.sequences.sequenceCount).map { batch.sequences.offsets[$0] }
  }

  func weigh(by objective: any PolicyObjective) throws(FulcrumError) {
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
