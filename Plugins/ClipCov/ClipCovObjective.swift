import FulcrumKernel
import ObjectiveParts

/// The clipped surrogate without a few tokens, drawn among those of high covariance.
///
/// J = Σ share · min(rA, clip(r) A) over the tokens that were not drawn. Those that can be drawn
/// have cov-low < cov < cov-high and are not clipped already; `share` of the mini-batch's tokens,
/// at least one, are drawn of them.
///
/// - Shape: one weight and one loss for each token of the slice; drawn tokens and sequences of
///   share 0 get zeros. Tokens of the latter are not in the means, not drawn, not in the metrics.
/// - Numerics: each token in `Double`, rounded once.
/// - Source: arXiv 2505.22617, section 4.
/// - Complexity: O(n log n) a mini-batch for its n tokens of high covariance; else O(tokens).
package struct ClipCovObjective: SurveyingObjective {
  package static let manual = ComponentManual(
    name: "clip-cov",
    summary: "clipped ratio; of the tokens whose covariance is high a few, drawn, get no gradient",
    source: "arXiv 2505.22617, section 4",
    formula:
      "w = r A in the clip, else 0; 0 for tokens drawn among cov-low < (A − mean A)(log π − mean log π) < cov-high",
    parameters: ClippedSurrogate.parameters(clipHigh: 0.2) + [
      .number("cov-low", default: 1, help: "tokens of no greater covariance are never drawn"),
      .number("cov-high", default: 5, help: "tokens of no smaller covariance are never drawn"),
      TokenCovariance.shareParameter(
        help: "how much of a mini-batch's tokens is drawn, at least one; above 0"),
    ])

  package let needs: Set<Column> = [.oldLogProbabilities]
  package let isTokenwise = true
  private let surrogate: ClippedSurrogate
  private let low: Double
  private let high: Double
  private let share: Double
  private let random: CounterRandom

  /// - Throws: `.parameter` for a share of 0, or for an interval of covariances that is empty.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    surrogate = try ClippedSurrogate(parameters)
    share = try TokenCovariance.share(parameters)
    low = try parameters.number("cov-low")
    high = try parameters.number("cov-high")
    guard low < high else {
      throw parameters.refuse(
        "cov-high", "expected a number above cov-low, which is \(low), got \(high)",
        hint: "tokens are drawn among those with cov-low < covariance < cov-high")
    }
    random = CounterRandom(seed: context.seed, purpose: Self.manual.name)
  }

  /// Draws the tokens that get no gradient.
  ///
  /// A token's place in the draw is a function of seed, step, update and its place in the
  /// mini-batch. A covariance that is not a number is in no interval.
  ///
  /// - Returns: 1 for each drawn token, else 0.
  /// - Throws: `.pluginFault` if a column that was declared as needed is missing.
  package func survey(_ minibatch: borrowing ObjectiveInput) throws(FulcrumError) -> [Float] {
    try minibatch.require(.advantages, .oldLogProbabilities, by: Self.manual.name)
    let covariance = TokenCovariance(of: minibatch)
    var candidates: [(draw: Float, token: Int)] = []
    for sequence in 0..<minibatch.sequenceCount where minibatch.share(ofSequence: sequence) != 0 {
      for token in minibatch.tokens(ofSequence: sequence) {
        let advantage = minibatch.advantages[token]
        let value = covariance.value(
          advantage: advantage, logProbability: minibatch.logProbabilities[token])
        guard value > low, value < high else { continue }
        let ratio = boundedExponential(minibatch.logRatio(token))
        guard surrogate.branch(ratio: ratio, advantage: Double(advantage)) == .unclipped
        else { continue }
        let draw = random.uniform(
          step: minibatch.step, prompt: minibatch.update, sample: 0,
          token: UInt32(truncatingIfNeeded: token))
        candidates.append((draw, token))
      }
    }
    candidates.sort { ($0.draw, $0.token) < ($1.draw, $1.token) }
    var marks = [Float](repeating: 0, count: minibatch.tokenCount)
    for candidate in candidates.prefix(covariance.quota(share)) { marks[candidate.token] = 1 }
    return marks
  }

  /// Sets the weights and losses of a slice's tokens and adds to the metrics.
  ///
  /// - Throws: `.pluginFault` if a column that was declared as needed or the survey is missing.
  package func weigh(
    _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout MutableSpan<Float>, metrics: inout MetricSums
  ) throws(FulcrumError) {
    try input.require(.advantages, .oldLogProbabilities, .survey, by: Self.manual.name)
    let survey = input.survey
    var (tokens, drawn) = (0, 0)
    input.weighTokens(&weights, &losses, &metrics) { token in
      tokens += 1
      let term = surrogate.term(of: token)
      guard survey[token.place] != 0 else { return term }
      drawn += 1
      return TokenTerm(slope: 0, value: 0, branch: term.branch)
    }
    metrics.add("clip_cov/selected_mean", sum: Double(drawn), count: tokens)
  }
}
