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
  private let current: [Float]
  private let entropies: [Float]
  private let levers: [Float]
  private let advantages: [Float]
  private let store: ColumnStore
  private let statistics: [TokenStatistic]
  private let further: [Float]
  private let offsets: [Int]
  private let groupOffsets: [Int]

  init(_ batch: MadeUpBatch, needs: Set<Column>) {
    // A little away from the old ones, as after a first update.
    current = batch.values(of: .oldLogProbabilities).enumerated().map {
      min(0, $1 + ($0.isMultiple(of: 2) ? 0.1 : -0.1))
    }
    // The three scores come with the input, declared or not.
    entropies = batch.values(of: .entropies)
    levers = batch.values(of: .levers)
    statistics = needs.filter { $0.policy == .current }.map(\.statistic)
      .filter { !TokenStatistic.always.contains($0) }
    further = statistics.flatMap { batch.values(of: Column(.current, $0)) }
    // Centred, so that either sign occurs.
    advantages = batch.returns.map { $0 - 0.5 }
    var store = ColumnStore(tokenCount: batch.sequences.tokenCount)
    for (column, values) in batch.columns(needs) { store.set(column, values) }
    self.store = store
    offsets = (0...batch.sequences.sequenceCount).map { batch.sequences.offsets[$0] }
    groupOffsets = (0...batch.sequences.groupCount).map { batch.sequences.groupOffsets[$0] }
  }

  func weigh(by objective: any PolicyObjective) throws(FulcrumError) {
    var survey: [Float] = []
    if let surveying = objective as? any SurveyingObjective {
      try withInput(survey: []) { (input) throws(FulcrumError) in
        survey = try surveying.survey(input)
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
      guard let entropic = objective as? any EntropyObjective else { return }
      var entropyWeightSpan = entropyWeights.mutableSpan
      var entropyLossSpan = entropyLosses.mutableSpan
      try entropic.weighEntropy(
        input, weights: &entropyWeightSpan, losses: &entropyLossSpan, metrics: &metrics)
    }
  }

  private func withInput(
    survey: [Float], _ body: (borrowing ObjectiveInput) throws(FulcrumError) -> Void
  ) throws(FulcrumError) {
    let store = store
    let scores = TokenScores(
      logProbabilities: current.span, entropies: entropies.span, levers: levers.span,
      statistics: statistics, further: further.span)
    let input = ObjectiveInput(
      scores: scores, advantages: advantages.span, columns: store.slice(0..<current.count),
      offsets: offsets.span, firstSequence: 0, groupOffsets: groupOffsets.span,
      minibatchTokenCount: current.count, minibatchSequenceCount: offsets.count - 1,
      shares: Span(), survey: survey.span, step: 1, update: 0)
    try body(input)
  }
}
