import FulcrumKernel
import ObjectiveParts

/// The clipped surrogate, but at forks, the places where a sequence is most uncertain, a right answer's
/// push is shared with the K likeliest tokens, and a wrong answer's likeliest token is pushed harder.
///
/// A fork's entropy is above the `quantile` of its sequence's. There, where A > 0, the drawn token keeps
/// (1 − α) r A and each of the K likeliest gets α r A / K; where A < 0 and the drawn token is the
/// likeliest, A becomes `penalty` · A. Elsewhere it is `grpo`.
///
/// - Shape: one weight and one loss for each token, K weights for its candidates; zeros for sequences of
///   share 0, which are not in the metrics either.
/// - Numerics: each token in `Double`, rounded once. The candidates' loss is −Σ c log π: in the authors'
///   code their part is a constant times a ratio of 1.
/// - Source: SimKO, arXiv 2510.14807.
/// - Complexity: O(n log n) for a sequence of n tokens; one copy of its entropies.
package struct SimKOObjective: CandidateObjective {
  package static let manual = ComponentManual(
    name: "simko",
    summary: "clipped ratio; at uncertain places right answers lift the K likeliest tokens too",
    source: "arXiv 2510.14807",
    formula: "w = r A in the clip; at forks of A > 0 (1 − α) r A, and α r A/K on the K likeliest;"
      + " at forks of A < 0 penalty · r A on the likeliest",
    parameters: ClippedSurrogate.parameters(clipHigh: 0.2) + [
      .integer("top", default: 3, in: 1...256, help: "K: how many likely tokens share a push"),
      .number("alpha", default: 0.01, in: 0...1, help: "how much of the push they share"),
      .number("penalty", default: 1.1, in: 0...100, help: "times a wrong answer's likeliest token"),
      .number("quantile", default: 0.8, in: 0...1, help: "forks are above it in their sequence"),
    ])

  package let needs: Set<Column>
  package let candidateCount: Int
  private let surrogate: ClippedSurrogate
  private let (alpha, penalty, quantile): (Double, Double, Double)

  /// - Throws: `.pluginFault` if the parameters were checked against another manual.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    surrogate = try ClippedSurrogate(parameters)
    alpha = try parameters.number("alpha")
    penalty = try parameters.number("penalty")
    quantile = try parameters.number("quantile")
    candidateCount = try parameters.integer("top")
    needs = [
      .oldLogProbabilities, Column(.current, .rank), Column(.current, .topTokens(candidateCount)),
      Column(.current, .topLogProbabilities(candidateCount)),
    ]
  }

  /// Sets the weights and losses of the drawn tokens.
  ///
  /// - Throws: `.pluginFault` if a column that was declared as needed is missing.
  package func weigh(
    _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout MutableSpan<Float>, metrics: inout MetricSums
  ) throws(FulcrumError) {
    try input.require(.advantages, .oldLogProbabilities, by: Self.manual.name)
    let forks = try forks(of: input)
    let ranks = try input.column(Column(.current, .rank))
    input.weighTokens(&weights, &losses, &metrics) { token in
      let advantage = token.advantage
      let wrong = ranks[token.place] == 0 ? penalty : 1
      let scale = forks[token.place] ? advantage > 0 ? 1 - alpha : wrong : 1
      var term = surrogate.term(of: token)
      term.slope *= scale
      term.value *= scale
      return term
    }
  }

  /// Shares a part of right answers' pushes out at forks.
  ///
  /// - Throws: `.pluginFault` if a column that was declared as needed is missing.
  package func weighCandidates(
    _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout MutableSpan<Float>, metrics: inout MetricSums
  ) throws(FulcrumError) {
    let forks = try forks(of: input)
    let advantages = input.advantages
    let logs = try input.column(Column(.current, .topLogProbabilities(candidateCount)))
    for sequence in 0..<input.sequenceCount {
      let share = input.share(ofSequence: sequence) * alpha
      for token in input.tokens(ofSequence: sequence) where forks[token] && advantages[token] > 0 {
        let (ratio, advantage) = (
          boundedExponential(input.logRatio(token)), Double(advantages[token])
        )
        guard surrogate.branch(ratio: ratio, advantage: advantage) == .unclipped else { continue }
        let weight = share * ratio * advantage / Double(candidateCount)
        for place in token * candidateCount..<(token + 1) * candidateCount {
          weights[place] = Float(weight)
          losses[token] -= Float(weight * Double(logs[place]))
        }
      }
    }
  }

  /// Returns whether each token's entropy is above its sequence's quantile.
  private func forks(of input: borrowing ObjectiveInput) throws(FulcrumError) -> [Bool] {
    let entropies = input.entropies
    var forks = [Bool](repeating: false, count: input.tokenCount)
    for sequence in 0..<input.sequenceCount {
      let tokens = input.tokens(ofSequence: sequence)
      // Without tokens, or with an entropy that is not a number, there is no threshold and no fork.
      let threshold = Quantile.linear(quantile, of: tokens.map { entropies[$0] }) ?? .infinity
      for token in tokens { forks[token] = entropies[token] > threshold }
    }
    return forks
  }
}
