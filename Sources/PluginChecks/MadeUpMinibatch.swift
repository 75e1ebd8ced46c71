import FulcrumKernel

/// A batch that no policy made, as an objective meets it: one mini-batch of all its sequences.
package struct MadeUpMinibatch {
  /// Holds what an objective said, before its shares were taken out.
  package struct Result {
    /// One for each token.
    package var weights: [Float]
    /// One for each token; `nil`: it weighs no entropies.
    package var entropyWeights: [Float]?
    /// `[tokens, K]`, row by row; `nil`: it weighs no candidates.
    package var candidateWeights: [Float]?
    package var candidateCount = 0
  }

  /// The share of each token: a token mean's.
  package let share: Double
  /// The most candidates a place that there is room for.
  private static let mostCandidates = 4096
  private let batch: RolloutBatch
  private let current: [TokenStatistic: [Float]]
  private let further: [TokenStatistic]
  private let furtherValues: [Float]
  private let advantages: [Float]
  private let offsets: [Int]
  private let groupOffsets: [Int]

  /// - Parameters:
  ///   - batch: has the columns that the objective declared, but for those of the current policy.
  ///   - needs: the columns that it declared.
  ///   - advantages: one for each token.
  ///   - current: gives a statistic of the current policy, `width` values for each token.
  package init(
    _ batch: RolloutBatch, needs: Set<Column>, advantages: [Float],
    current: (TokenStatistic) throws(FulcrumError) -> [Float]
  ) throws(FulcrumError) {
    self.batch = batch
    self.advantages = advantages
    // The three scores come with the input, declared or not.
    var scores: [TokenStatistic: [Float]] = [:]
    for statistic in TokenStatistic.always { scores[statistic] = try current(statistic) }
    self.current = scores
    further = needs.filter { $0.policy == .current }.map(\.statistic)
      .filter { !TokenStatistic.always.contains($0) }
    var values: [Float] = []
    for statistic in further { values += try current(statistic) }
    furtherValues = values
    let sequences = batch.sequences
    offsets = (0...sequences.sequenceCount).map { sequences.offsets[$0] }
    groupOffsets = (0...sequences.groupCount).map { sequences.groupOffsets[$0] }
    share = 1 / Double(max(1, sequences.tokenCount))
  }

  /// Lets an objective begin the step, survey the mini-batch and weigh it, as far as it can do these.
  ///
  /// - Throws: what the objective throws; `.pluginFault` for a survey of another length.
  package func weighed(by objective: any PolicyObjective) throws(FulcrumError) -> Result {
    try (objective as? any StatefulComponent)?.begin(batch)
    let count = advantages.count
    var survey: [Float] = []
    if let surveying = objective as? any SurveyingObjective {
      try withInput(survey: []) { (input) throws(FulcrumError) in
        survey = try surveying.survey(input)
      }
      guard survey.count == count else {
        throw FulcrumError(
          .pluginFault, "expected a survey of \(count) tokens, got \(survey.count) values")
      }
    }
    var result = Result(weights: [Float](repeating: 0, count: count))
    var metrics = MetricSums()
    try withInput(survey: survey) { (input) throws(FulcrumError) in
      var losses = [Float](repeating: 0, count: count)
      var weightSpan = result.weights.mutableSpan
      var lossSpan = losses.mutableSpan
      try objective.weigh(input, weights: &weightSpan, losses: &lossSpan, metrics: &metrics)
      if let entropic = objective as? any EntropyObjective {
        var weights = [Float](repeating: 0, count: count)
        var losses = weights
        var weightSpan = weights.mutableSpan
        var lossSpan = losses.mutableSpan
        try entropic.weighEntropy(
          input, weights: &weightSpan, losses: &lossSpan, metrics: &metrics)
        result.entropyWeights = weights
      }
      if let choosing = objective as? any CandidateObjective {
        result.candidateCount = choosing.candidateCount
        guard (1...Self.mostCandidates).contains(result.candidateCount) else {
          throw FulcrumError(
            .pluginFault,
            "expected 1 to \(Self.mostCandidates) candidates a place, got"
              + " \(result.candidateCount)")
        }
        var weights = [Float](repeating: 0, count: count * result.candidateCount)
        var losses = [Float](repeating: 0, count: count)
        var weightSpan = weights.mutableSpan
        var lossSpan = losses.mutableSpan
        try choosing.weighCandidates(
          input, weights: &weightSpan, losses: &lossSpan, metrics: &metrics)
        result.candidateWeights = weights
      }
    }
    return result
  }

  private func withInput(
    survey: [Float], _ body: (borrowing ObjectiveInput) throws(FulcrumError) -> Void
  ) throws(FulcrumError) {
    // Kept in local constants, for the input borrows from them.
    let store = batch.columns
    let none: [Float] = []
    let logProbabilities = current[.logProbability] ?? none
    let entropies = current[.entropy] ?? none
    let levers = current[.lever] ?? none
    let scores = TokenScores(
      logProbabilities: logProbabilities.span, entropies: entropies.span, levers: levers.span,
      statistics: further, further: furtherValues.span)
    let input = ObjectiveInput(
      scores: scores, advantages: advantages.span, columns: store.slice(0..<advantages.count),
      offsets: offsets.span, firstSequence: 0, groupOffsets: groupOffsets.span,
      minibatchTokenCount: advantages.count, minibatchSequenceCount: offsets.count - 1,
      shares: Span(), survey: survey.span, step: batch.step, update: 0)
    try body(input)
  }
}
