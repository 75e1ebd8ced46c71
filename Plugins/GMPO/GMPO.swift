import FulcrumKernel
import ObjectiveParts

/// The geometric mean of a sequence's token ratios, each held on the side that its advantage pushes to.
///
/// J = Σ_sequences Σ_t share · ρ A_t with ρ = e^x and x the mean over the sequence's n tokens of
/// min(log r, clip-high) where A > 0, max(log r, −clip-low) where A < 0, and 0 where A = 0. All tokens
/// of a sequence move ρ, so w_t = share · mean A · ρ, and 0 for a token that is held.
///
/// - Shape: one weight and one loss for each token of the slice. A sequence is whole in its slice,
///   so slices don't change a bit. Sequences of share 0 get zeros and are not in the metrics.
/// - Unit: bounds in nats, of log r.
/// - Numerics: each sequence in `Double`, each token rounded once.
/// - Source: arXiv 2507.20673; its code, callsys/GMPO, and verl's `geo_mean`.
/// - Complexity: O(tokens), no allocation but for the metrics' entries.
package struct GMPOObjective: PolicyObjective {
  package static let manual = ComponentManual(
    name: "gmpo",
    summary: "geometric mean of a sequence's ratios, each token's clipped on its advantage's side",
    source: "arXiv 2507.20673; code: callsys/GMPO, verl geo_mean",
    formula: "w = mean A · ρ, ρ = exp(mean of the clipped log r) of the sequence; "
      + "0 where log r is beyond the bound on A's side",
    parameters: [
      .number(
        "clip-low", default: 0.4, in: 0...1000,
        help: "log r counts as no less than -clip-low where the advantage is negative; in nats"),
      .number(
        "clip-high", default: 0.4, in: 0...1000,
        help: "log r counts as no more than clip-high where the advantage is positive; in nats"),
    ])

  package let needs: Set<Column> = [.oldLogProbabilities]
  private let low: Double
  private let high: Double

  /// - Throws: `.pluginFault` if the parameters were checked against another manual.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    low = try parameters.number("clip-low")
    high = try parameters.number("clip-high")
  }

  /// Sets the weights and losses of a slice's tokens and adds to the metrics.
  ///
  /// - Throws: `.pluginFault` if a column that was declared as needed is missing.
  package func weigh(
    _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout MutableSpan<Float>, metrics: inout MetricSums
  ) throws(FulcrumError) {
    try input.require(.advantages, .oldLogProbabilities, by: Self.manual.name)
    var tally = ObjectiveTally()
    for sequence in 0..<input.sequenceCount {
      let share = input.share(ofSequence: sequence)
      let tokens = input.tokens(ofSequence: sequence)
      if share == 0 || tokens.isEmpty { continue }
      var logRatios = 0.0
      var advantages = 0.0
      for token in tokens {
        let advantage = Double(input.advantages[token])
        logRatios += held(input.logRatio(token), advantage: advantage).logRatio
        advantages += advantage
      }
      let count = Double(tokens.count)
      let ratio = boundedExponential(logRatios / count)
      let push = ratio * advantages / count * share
      for token in tokens {
        let logRatio = input.logRatio(token)
        let advantage = Double(input.advantages[token])
        let branch = held(logRatio, advantage: advantage).branch
        if branch == .unclipped && advantage != 0 { weights[token] = Float(push) }
        losses[token] = Float(-ratio * advantage * share)
        tally.count(ratio: ratio, logRatio: logRatio)
        tally.count(branch)
      }
    }
    tally.reportClips(to: &metrics)
    tally.reportRatios(to: &metrics)
  }

  /// Returns what a token adds to its sequence's mean. A token without an advantage adds nothing.
  private func held(
    _ logRatio: Double, advantage: Double
  ) -> (logRatio: Double, branch: ClippedSurrogate.Branch) {
    if advantage == 0 { return (0, .unclipped) }
    if advantage > 0 && logRatio > high { return (high, .high) }
    if advantage < 0 && logRatio < -low { return (-low, .low) }
    return (logRatio, .unclipped)
  }
}
