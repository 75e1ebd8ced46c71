import FulcrumKernel
import ObjectiveParts

/// The unclipped surrogate, with a penalty on the tokens of highest covariance.
///
/// J = Σ share · [rA − 1_chosen · penalty · |log π − log π_old|]: the chosen tokens, `share` of the
/// mini-batch's and at least one, are held at their old probability.
///
/// - Shape: one weight and one loss for each token of the slice. Sequences of share 0 get zeros;
///   their tokens are not in the means, not chosen, not in the metrics.
/// - Numerics: each token in `Double`, rounded once.
/// - Source: arXiv 2505.22617, section 4.
/// - Complexity: O(n log n) a mini-batch for its n tokens; else O(tokens).
package struct KLCovObjective: SurveyingObjective {
  package static let manual = ComponentManual(
    name: "kl-cov",
    summary: "ratio, unclipped; the tokens of highest covariance pay for |log pi - log pi_old|",
    source: "arXiv 2505.22617, section 4",
    formula:
      "w = r A − penalty sign(log r) [its (A − mean A)(log π − mean log π) is among the highest]",
    parameters: [
      TokenCovariance.shareParameter(
        help: "how much of a mini-batch's tokens is chosen, at least one; above 0"),
      .number(
        "penalty", default: 1, in: 0...1000,
        help: "factor of |log pi - log pi_old| for a chosen token"),
    ])

  package let needs: Set<Column> = [.oldLogProbabilities]
  package let isTokenwise = true
  private let share: Double
  private let penalty: Double

  /// - Throws: `.parameter` for a share of 0.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    share = try TokenCovariance.share(parameters)
    penalty = try parameters.number("penalty")
  }

  /// Chooses the tokens of highest covariance; of equal ones the first.
  ///
  /// - Returns: 1 for each chosen token, else 0.
  /// - Throws: `.pluginFault` if a column that was declared as needed is missing.
  package func survey(_ minibatch: borrowing ObjectiveInput) throws(FulcrumError) -> [Float] {
    try minibatch.require(.advantages, by: Self.manual.name)
    let covariance = TokenCovariance(of: minibatch)
    var candidates: [(value: Double, token: Int)] = []
    candidates.reserveCapacity(covariance.tokens)
    for sequence in 0..<minibatch.sequenceCount where minibatch.share(ofSequence: sequence) != 0 {
      for token in minibatch.tokens(ofSequence: sequence) {
        let value = covariance.value(
          advantage: minibatch.advantages[token],
          logProbability: minibatch.logProbabilities[token])
        candidates.append((value, token))
      }
    }
    // If a mean is not a number the order is arbitrary, but then the weights are NaN anyway.
    candidates.sort { $0.value > $1.value || ($0.value == $1.value && $0.token < $1.token) }
    var marks = [Float](repeating: 0, count: minibatch.tokenCount)
    for candidate in candidates.prefix(covariance.quota(share)) { marks[candidate.token] = 1 }
    return marks
  }

  /// Sets the weights and losses of a slice's tokens and adds to the metrics.
  ///
  /// The derivative of |x| at 0 is 0 here: on policy a chosen token is not held.
  ///
  /// - Throws: `.pluginFault` if a column that was declared as needed or the survey is missing.
  package func weigh(
    _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout MutableSpan<Float>, metrics: inout MetricSums
  ) throws(FulcrumError) {
    try input.require(.advantages, .oldLogProbabilities, .survey, by: Self.manual.name)
    var tally = ObjectiveTally()
    var chosen = 0
    var distance = 0.0
    for sequence in 0..<input.sequenceCount {
      let share = input.share(ofSequence: sequence)
      if share == 0 { continue }
      for token in input.tokens(ofSequence: sequence) {
        let logRatio = input.logRatio(token)
        let ratio = boundedExponential(logRatio)
        var objective = ratio * Double(input.advantages[token])
        var weight = objective
        if input.survey[token] != 0 {
          objective -= penalty * abs(logRatio)
          weight -= logRatio == 0 ? 0 : logRatio > 0 ? penalty : -penalty
          chosen += 1
        }
        weights[token] = Float(weight * share)
        losses[token] = Float(-objective * share)
        distance += abs(logRatio)
        tally.count(ratio: ratio, logRatio: logRatio)
      }
    }
    tally.report("kl_cov/selected_mean", sum: Double(chosen), to: &metrics)
    tally.report("kl_cov/abs_log_ratio_mean", sum: distance, to: &metrics)
    tally.reportRatios(to: &metrics)
  }
}
