import FulcrumKernel

/// The objectives of a run, added: their weights, their entropy weights and their losses.
package struct ObjectiveSum {
  package let objectives: [Named<any PolicyObjective>]

  package init(_ objectives: [Named<any PolicyObjective>]) { self.objectives = objectives }

  package var needs: Set<Column> {
    objectives.reduce(into: []) { $0.formUnion($1.component.needs) }
  }

  package var weighsEntropy: Bool { objectives.contains { $0.component.weighsEntropy } }
  package var surveysMinibatch: Bool { objectives.contains { $0.component.surveysMinibatch } }

  /// What each objective that surveys wants to know of a mini-batch again; empty for the others.
  ///
  /// - Throws: what an objective throws; `.pluginFault` for a wrong number of values.
  package func survey(_ minibatch: borrowing ObjectiveInput) throws(FulcrumError) -> [[Float]] {
    var surveys: [[Float]] = []
    for objective in objectives {
      guard objective.component.surveysMinibatch else {
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
    guard objective.component.weighsEntropy else { return }
    for token in 0..<count {
      own[token] = 0
      ownLosses[token] = 0
    }
    try objective.call(with: input) { (component, input) throws(FulcrumError) in
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
