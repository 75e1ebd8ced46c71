import FulcrumKernel
import ObjectiveParts

/// The clipped surrogate, with a KL that holds the least likely tokens of wrong completions.
///
/// Of the tokens with A < 0 the `share` of lowest π in the mini-batch are candidates. The proxy is the
/// old distribution without tokens below min-p times its largest probability, renormalised: a token that
/// it keeps has p/m there, m the mass kept. A candidate that it keeps and finds likelier than π does has
/// f = r A − coefficient · k₃, k₃ = e^x − x − 1 with x = log p/m − log π, without a clip; k₃ above 10
/// counts as 10. Every other token has min(rA, clip(r) A).
///
/// - Shape: one weight and one loss for each token of the slice. Sequences of share 0 get zeros; their
///   tokens are not chosen and not in the metrics.
/// - Numerics: each token in `Double`, rounded once.
/// - Source: arXiv 2510.03222; its code, CarlanLark/Lp-Reg-dev, `compute_policy_loss_lp_reg`.
/// - Complexity: O(n log n) a mini-batch for its n tokens of A < 0; else O(tokens).
package struct LpRegObjective: SurveyingObjective {
  package static let manual = ComponentManual(
    name: "lp-reg",
    summary:
      "clipped ratio; the least likely tokens of A < 0 are held by a KL to a cut distribution",
    source: "arXiv 2510.03222; code: CarlanLark/Lp-Reg-dev",
    formula:
      "w = r A + c (q/π - 1) where A < 0, π is among the lowest 1 % and below q = p/mass kept; "
      + "else r A where r is in the clip, else 0",
    parameters: ClippedSurrogate.parameters(clipLow: 1, clipHigh: 9) + [
      .number(
        "share", default: 0.01, in: 0...1,
        help: "of the mini-batch's tokens with A < 0, the least likely; fewer than two: none"),
      .number(
        "min-p", default: 0.02, in: 0...1,
        help: "the proxy keeps tokens of at least this times the largest old probability"),
      .number("coefficient", default: 1, in: 0...1000, help: "c: the price of a nat of the KL"),
    ])

  package var needs: Set<Column> { [.oldLogProbabilities, .topProbabilities, mass] }
  package let isTokenwise = true
  private let surrogate: ClippedSurrogate
  private let share: Double
  private let threshold: Double
  private let mass: Column
  private let coefficient: Double

  /// The authors' bound of k₃.
  private static let greatestDivergence = 10.0
  /// What the columns' rounding may take from a token that is the threshold itself, in nats.
  private static let slack = 1e-6

  /// - Throws: `.pluginFault` if the parameters were checked against another manual.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    surrogate = try ClippedSurrogate(parameters)
    share = try parameters.number("share")
    let threshold = Float(try parameters.number("min-p"))
    self.threshold = Double(threshold)
    mass = .massAbove(threshold)
    coefficient = try parameters.number("coefficient")
  }

  /// Chooses the least likely tokens with A < 0; of equal ones the first.
  ///
  /// - Returns: 1 for each chosen token, else 0.
  /// - Throws: `.pluginFault` if a column that was declared as needed is missing.
  package func survey(_ minibatch: borrowing ObjectiveInput) throws(FulcrumError) -> [Float] {
    try minibatch.require(.advantages, by: Self.manual.name)
    var candidates: [(value: Float, token: Int)] = []
    for sequence in 0..<minibatch.sequenceCount where minibatch.share(ofSequence: sequence) != 0 {
      for token in minibatch.tokens(ofSequence: sequence) where minibatch.advantages[token] < 0 {
        candidates.append((minibatch.logProbabilities[token], token))
      }
    }
    candidates.sort { ($0.value, $0.token) < ($1.value, $1.token) }
    let quota = Int(share * Double(candidates.count))
    var marks = [Float](repeating: 0, count: minibatch.tokenCount)
    for candidate in candidates.prefix(quota < 2 ? 0 : quota) { marks[candidate.token] = 1 }
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
    let old = input.oldLogProbabilities
    let tops = try input.column(.topProbabilities)
    let masses = try input.column(mass)
    var tokens = 0
    var held = 0
    input.weighTokens(&weights, &losses, &metrics) { token in
      let place = token.place
      tokens += 1
      let least = log(threshold * Double(tops[place])) - Self.slack
      // log of the proxy over π.
      let distance = -token.logRatio - log(Double(masses[place]))
      guard survey[place] != 0, Double(old[place]) >= least, distance > 0 else {
        return surrogate.term(of: token)
      }
      held += 1
      let push = token.ratio * token.advantage
      let pull = boundedExponential(distance) - 1
      let divergence = min(pull - distance, Self.greatestDivergence)
      let slope = divergence < Self.greatestDivergence ? coefficient * pull : 0
      return TokenTerm(slope: push + slope, value: push - coefficient * divergence)
    }
    metrics.add("lp_reg/held_mean", sum: Double(held), count: tokens)
  }
}
