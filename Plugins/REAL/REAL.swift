import FulcrumKernel
import ObjectiveParts

/// Rewards as labels: completions of a group are told apart by how their probability has moved.
///
/// A completion's score s is the mean of its tokens' log ratios; it is a right one if the mean of its
/// advantages is above 0, else a wrong one. With τ the temperature, each group of which both kinds are
/// there has J = −log(1 + Σ_right e^(−s/τ)) − log(1 + Σ_wrong e^(s/τ)). A token's weight is
/// share · ±(n/τ) e_i/(1 + Σ e), with e_i its completion's term and n the group's completions, so that
/// with `seq-mean-token-mean` a mini-batch has the mean of its groups.
///
/// - Shape: one weight and one loss for each token of the slice; all tokens of a completion have the
///   same. Completions without tokens or of share 0 are in no group and not in the metrics.
/// - Unit: τ in nats. Losses are −w log π: the survey's number is a constant.
/// - Numerics: groups in `Double`; the survey is rounded to `Float` once, each token once more.
/// - Source: arXiv 2602.05630; its code, Red-RL/REAL, and ms-swift's loss type `real`.
/// - Complexity: O(tokens).
package struct REALObjective: SurveyingObjective {
  package static let manual = ComponentManual(
    name: "real",
    summary: "labels in place of advantages: right and wrong completions of a group are told apart",
    source: "arXiv 2602.05630; code: Red-RL/REAL, ms-swift loss_type real",
    formula:
      "w = (n/τ) e/(1 + sum of e over the group's right completions), e = exp(-mean log r / τ), "
      + "where A > 0; minus the same over its wrong ones with the sign of log r turned where A <= 0",
    parameters: [
      .number(
        "temperature", default: 0.5, in: 0.001...1000,
        help: "τ: scores are divided by it, in nats; the smaller, the sharper")
    ])

  package let needs: Set<Column> = [.oldLogProbabilities]
  package let isTokenwise = true
  private let temperature: Double

  /// - Throws: `.pluginFault` if the parameters were checked against another manual.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    temperature = try parameters.number("temperature")
  }

  /// Compares the completions of each group.
  ///
  /// - Returns: each token's weight before its share; 0 in a group of one kind.
  /// - Throws: `.pluginFault` if a column that was declared as needed is missing.
  package func survey(_ minibatch: borrowing ObjectiveInput) throws(FulcrumError) -> [Float] {
    try minibatch.require(.advantages, .oldLogProbabilities, by: Self.manual.name)
    var weights = [Float](repeating: 0, count: minibatch.tokenCount)
    for group in minibatch.groups {
      var right: [(tokens: Range<Int>, exponent: Double)] = []
      var wrong = right
      for sequence in minibatch.sequences(ofGroup: group) {
        let tokens = minibatch.tokens(ofSequence: sequence)
        if minibatch.share(ofSequence: sequence) == 0 || tokens.isEmpty { continue }
        var score = 0.0
        var advantage = 0.0
        for token in tokens {
          score += minibatch.logRatio(token)
          advantage += Double(minibatch.advantages[token])
        }
        score /= Double(tokens.count) * temperature
        if advantage > 0 { right.append((tokens, -score)) } else { wrong.append((tokens, score)) }
      }
      if right.isEmpty || wrong.isEmpty { continue }
      let scale = Double(right.count + wrong.count) / temperature
      for (kind, scale) in [(right, scale), (wrong, -scale)] {
        for (member, part) in zip(kind, Self.parts(kind.map(\.exponent))) {
          for token in member.tokens { weights[token] = Float(scale * part) }
        }
      }
    }
    return weights
  }

  /// Returns e^x / (1 + Σ e^x) for each x.
  private static func parts(_ exponents: [Double]) -> [Double] {
    let greatest = exponents.reduce(0) { max($0, $1) }
    let powers = exponents.map { exp($0 - greatest) }
    let sum = powers.reduce(exp(-greatest), +)
    return powers.map { $0 / sum }
  }

  /// Sets the weights and losses of a slice's tokens and adds to the metrics.
  ///
  /// - Throws: `.pluginFault` if a column that was declared as needed or the survey is missing.
  package func weigh(
    _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout MutableSpan<Float>, metrics: inout MetricSums
  ) throws(FulcrumError) {
    try input.require(.oldLogProbabilities, .survey, by: Self.manual.name)
    var tally = ObjectiveTally()
    var compared = 0
    for sequence in 0..<input.sequenceCount {
      let share = input.share(ofSequence: sequence)
      if share == 0 { continue }
      for token in input.tokens(ofSequence: sequence) {
        let weight = Double(input.survey[token]) * share
        weights[token] = Float(weight)
        losses[token] = Float(-weight * Double(input.logProbabilities[token]))
        if weight != 0 { compared += 1 }
        let logRatio = input.logRatio(token)
        tally.count(ratio: boundedExponential(logRatio), logRatio: logRatio)
      }
    }
    tally.report("real/compared_mean", sum: Double(compared), to: &metrics)
    tally.reportRatios(to: &metrics)
  }
}
