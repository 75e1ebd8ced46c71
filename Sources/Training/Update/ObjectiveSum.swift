import FulcrumKernel

/// Adds the objectives of a run: their weights, their weights on entropies and candidates, their losses.
package struct ObjectiveSum {
  package let objectives: [Named<any PolicyObjective>]
  /// The objectives that weigh entropies, those that weigh candidates, and those that survey a
  /// mini-batch first, each at its objective's place; `nil` for the others.
  private let entropic: [Named<any EntropyObjective>?]
  private let choosing: [Named<any CandidateObjective>?]
  private let surveying: [Named<any SurveyingObjective>?]

  package init(_ objectives: [Named<any PolicyObjective>]) {
    self.objectives = objectives
    entropic = objectives.map { objective in
      (objective.component as? any EntropyObjective).map(objective.with)
    }
    choosing = objectives.map { objective in
      (objective.component as? any CandidateObjective).map(objective.with)
    }
    surveying = objectives.map { objective in
      (objective.component as? any SurveyingObjective).map(objective.with)
    }
  }

  /// The objectives' place in messages: `objective a`, `objective a or b`.
  var place: String { "objective " + objectives.map(\.name).joined(separator: " or ") }

  package var needs: Set<Column> {
    objectives.reduce(into: []) { $0.formUnion($1.component.needs) }
  }

  /// The statistics of the current policy that some objective reads, beside the three scores.
  var currentStatistics: Set<TokenStatistic> {
    Set(needs.filter { $0.policy == .current }.map(\.statistic))
  }

  package var weighsEntropy: Bool { entropic.contains { $0 != nil } }
  /// The most candidates of a place that some objective weighs; 0: none weighs any.
  package var candidateCount: Int {
    choosing.reduce(0) { max($0, $1?.component.candidateCount ?? 0) }
  }
  package var surveysMinibatch: Bool { surveying.contains { $0 != nil } }
  /// Whether no objective reads tokens outside a phase, so that those need not be scored.
  package var isTokenwise: Bool { objectives.allSatisfy(\.component.isTokenwise) }

  /// Returns the values that each objective surveyed in a mini-batch; empty for objectives that
  /// don't survey.
  ///
  /// - Throws: what an objective throws; `.pluginFault` for a wrong number of values.
  package func survey(_ minibatch: borrowing ObjectiveInput) throws(FulcrumError) -> [[Float]] {
    var surveys: [[Float]] = []
    for objective in surveying {
      guard let objective else {
        surveys.append([])
        continue
      }
      let values = try objective.call(with: minibatch) {
        (component, minibatch) throws(FulcrumError) in
        try component.survey(minibatch)
      }
      guard values.count == minibatch.tokenCount else {
        throw objective.fault(
          "expected a survey of \(minibatch.tokenCount) tokens, got \(values.count) values")
      }
      surveys.append(values)
    }
    return surveys
  }

  /// The objectives that weigh candidates.
  var choosers: [Named<any CandidateObjective>] { choosing.compactMap(\.self) }

  /// Weighs a slice of a mini-batch by one objective and adds to the sums.
  ///
  /// - Parameters:
  ///   - entropyWeights: empty if no objective weighs entropies or candidates.
  ///   - candidateWeights: `[tokens, candidateCount]`; empty if none weighs candidates.
  /// - Throws: what the objective throws; `.pluginFault`, naming it, for a value that is not finite.
  package func weigh(
    _ index: Int, _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    entropyWeights: inout MutableSpan<Float>, candidateWeights: inout MutableSpan<Float>,
    losses: inout [Double], metrics: inout MetricSums
  ) throws(FulcrumError) {
    let objective = objectives[index]
    let count = input.tokenCount
    var own = [Float](repeating: 0, count: count)
    var ownLosses = own
    try objective.call(with: input) { (component, input) throws(FulcrumError) in
      var ownSpan = own.mutableSpan
      var lossSpan = ownLosses.mutableSpan
      try component.weigh(input, weights: &ownSpan, losses: &lossSpan, metrics: &metrics)
    }
    try Self.check(own, ownLosses, input, of: objective)
    for token in 0..<count {
      weights[token] += own[token]
      losses[token] += Double(ownLosses[token])
    }
    try weighCandidates(
      index, input, weights: &candidateWeights, losses: &losses, metrics: &metrics)
    guard let entropic = entropic[index] else { return }
    for token in 0..<count {
      own[token] = 0
      ownLosses[token] = 0
    }
    try entropic.call(with: input) { (component, input) throws(FulcrumError) in
      var ownSpan = own.mutableSpan
      var lossSpan = ownLosses.mutableSpan
      try component.weighEntropy(input, weights: &ownSpan, losses: &lossSpan, metrics: &metrics)
    }
    try Self.check(own, ownLosses, input, of: objective)
    for token in 0..<count {
      entropyWeights[token] += own[token]
      losses[token] += Double(ownLosses[token])
    }
  }

  private func weighCandidates(
    _ index: Int, _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout [Double], metrics: inout MetricSums
  ) throws(FulcrumError) {
    guard let choosing = choosing[index] else { return }
    let own = choosing.component.candidateCount
    let width = candidateCount
    var values = [Float](repeating: 0, count: input.tokenCount * own)
    var ownLosses = [Float](repeating: 0, count: input.tokenCount)
    try choosing.call(with: input) { (component, input) throws(FulcrumError) in
      var valueSpan = values.mutableSpan
      var lossSpan = ownLosses.mutableSpan
      try component.weighCandidates(
        input, weights: &valueSpan, losses: &lossSpan, metrics: &metrics)
    }
    for token in 0..<input.tokenCount {
      for candidate in 0..<own {
        let value = values[token * own + candidate]
        guard value.isFinite else {
          throw choosing.fault(
            "expected finite weights of candidates, got \(value) for candidate \(candidate + 1) at a"
              + " token with log π \(input.logProbabilities[token])")
        }
        weights[token * width + candidate] += value
      }
    }
    for token in 0..<input.tokenCount {
      guard ownLosses[token].isFinite else {
        throw choosing.fault(
          "expected finite losses of candidates, got \(ownLosses[token]) at a token with log π"
            + " \(input.logProbabilities[token])")
      }
      losses[token] += Double(ownLosses[token])
    }
  }

  private static func check(
    _ weights: [Float], _ losses: [Float], _ input: borrowing ObjectiveInput,
    of objective: Named<any PolicyObjective>
  ) throws(FulcrumError) {
    for token in weights.indices where !(weights[token].isFinite && losses[token].isFinite) {
      throw objective.fault(
        "expected finite weights and losses, got \(weights[token]) and \(losses[token]) for"
          + " a token with log π \(input.logProbabilities[token]) and advantage"
          + " \(input.advantages[token])")
    }
  }
}
