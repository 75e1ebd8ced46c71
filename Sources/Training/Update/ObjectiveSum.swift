import FulcrumKernel

/// Adds the objectives of a run: their weights, their entropy weights and their losses.
package struct ObjectiveSum {
  package let objectives: [Named<any PolicyObjective>]
  /// The objectives that weigh entropies, and those that survey a mini-batch first, each at its
  /// objective's place; `nil` for the others.
  private let entropic: [Named<any EntropyObjective>?]
  private let surveying: [Named<any SurveyingObjective>?]

  package init(_ objectives: [Named<any PolicyObjective>]) {
    self.objectives = objectives
    entropic = objectives.map { objective in
      (objective.component as? any EntropyObjective).map {
        Named(objective.role, name: objective.name, component: $0)
      }
    }
    surveying = objectives.map { objective in
      (objective.component as? any SurveyingObjective).map {
        Named(objective.role, name: objective.name, component: $0)
      }
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

  /// Weighs a slice of a mini-batch by one objective and adds to the sums.
  ///
  /// - Throws: what the objective throws; `.pluginFault`, naming it, for a value that is not finite.
  package func weigh(
    _ index: Int, _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    entropyWeights: inout MutableSpan<Float>, losses: inout [Double], metrics: inout MetricSums
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
