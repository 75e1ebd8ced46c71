import FulcrumKernel
import ObjectiveParts

/// A trust region of probabilities in place of the ratio's clip: J = Σ share · sg(min(r, c) m) A
/// log π.
///
/// m is 0 for a token whose binary distribution, the token against all others, has left the region
/// in the direction of A: with total variation where π − p > δ_high and A > 0, or π − p < −δ_low
/// and A ≤ 0; with KL where p ln(p/π) + (1 − p) ln((1 − p)/(1 − π)) > δ and π is beyond p on that
/// side. Else it is 1. p is of the old policy or of the sampler.
///
/// - Shape: one weight and one loss for each token of the slice, each a function of that token
///   alone. Sequences of share 0 get zeros and are not in the metrics.
/// - Unit: the loss is in advantage times nats, as `cispo`'s. δ is a probability, or in nats.
/// - Numerics: each token in `Double`, rounded once; 1e-8 is added to 1 − p and 1 − π, as verl
///   does.
/// - Source: arXiv 2602.04879, the binary approximation; truncation: section 5.4.
/// - Complexity: O(tokens), no allocation but for the metrics' entries.
package struct DPPOObjective: PolicyObjective {
  package static let manual = ComponentManual(
    name: "dppo",
    summary: "bounded importance weight, and none where the probability has moved too far along A",
    source: "arXiv 2602.04879, binary approximation",
    formula: "w = min(r, c) A, 0 where π − p (or the binary KL) passes δ in the direction of A",
    parameters: [
      .choice(
        "divergence", default: "tv", of: ["tv", "kl"],
        help: "measured of the token against all others: total variation, which is |pi - p|, or KL"),
      .choice(
        "anchor", default: "old", of: ["old", "rollout"],
        help: "whose probability p is: the policy's before the step, or the sampler's own record"),
      .number(
        "bound-low", default: 0.15, in: 0...1000,
        help: "delta where the advantage is negative; verl's script has 0.15 for tv, 0.05 for kl"),
      .number(
        "bound-high", default: 0.15, in: 0...1000, help: "delta where the advantage is positive"),
      .number(
        "ratio-cap", default: 20, in: 1...1e6, help: "c: a ratio above it counts as that"),
    ])

  package var needs: Set<Column> { [.oldLogProbabilities, anchor] }
  package let isTokenwise = true
  private let isKL: Bool
  private let anchor: Column
  private let low: Double
  private let high: Double
  private let cap: Double

  /// - Throws: `.pluginFault` if the parameters were checked against another manual.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    isKL = try parameters.text("divergence") == "kl"
    let isOld = try parameters.text("anchor") == "old"
    anchor = isOld ? .oldLogProbabilities : .rolloutLogProbabilities
    low = try parameters.number("bound-low")
    high = try parameters.number("bound-high")
    cap = try parameters.number("ratio-cap")
  }

  /// Sets the weights and losses of a slice's tokens and adds to the metrics.
  ///
  /// - Throws: `.pluginFault` if a column that was declared as needed is missing.
  package func weigh(
    _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout MutableSpan<Float>, metrics: inout MetricSums
  ) throws(FulcrumError) {
    try input.require(.advantages, .oldLogProbabilities, by: Self.manual.name)
    let current = input.logProbabilities
    let anchors = try input.column(anchor)
    input.weighTokens(&weights, &losses, &metrics) { token in
      let now = Double(current[token.place])
      let old = Double(anchors[token.place])
      let branch = branch(from: old, to: now, advantage: token.advantage)
      // The NaN must be the first argument: min then returns it.
      let weight = min(boundedExponential(now - old), cap) * token.advantage
      let slope = branch == .unclipped ? weight : 0
      return TokenTerm(slope: slope, value: slope * now, branch: branch)
    }
  }

  /// Returns the side on which a token has left the region.
  private func branch(
    from old: Double, to now: Double, advantage: Double
  ) -> ClippedSurrogate.Branch {
    let (p, π) = (exp(old), exp(now))
    let distance =
      isKL
      ? p * (old - now) + (1 - p) * log((1 - p + 1e-8) / (1 - π + 1e-8)) : abs(π - p)
    if advantage > 0 { return π > p && distance > high ? .high : .unclipped }
    return π < p && distance > low ? .low : .unclipped
  }
}
