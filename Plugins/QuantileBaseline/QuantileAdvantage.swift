import FulcrumKernel

/// Compares each completion with a quantile of its prompt's returns: A_i = (R_i − Q_K) / (std + floor).
///
/// For returns of 0 and 1 and p the share of ones, Q_K is 0 where p ≤ 1 − K, so that only the right
/// completions of a hard prompt have an advantage, and 1 otherwise, so that only the wrong ones of an
/// easy prompt have.
///
/// - Shape: one value for each sequence, written to all of its tokens. A sequence's return R is what
///   its first token has in the incoming chain; its reward if it has no tokens.
/// - Unit: standard deviations of the group's returns; with scale `none` that of returns.
/// - Numerics: deviations in `Double`, unbiased (n − 1). A group of one has baseline 0 and deviation 1, as
///   in `grpo`. What does not fit `Float` becomes its greatest number.
/// - Source: "Quantile Advantage Estimation", arXiv 2509.22611, equation (3), whose quantile is
///   inf{x : F(x) ≥ K}; its code has `torch.quantile`, linear between places.
/// - Complexity: O(tokens + n log n) for n completions of a group.
package struct QuantileAdvantage: AdvantageTransform {
  private static let defaultFloor = 1e-6

  package static let manual = ComponentManual(
    name: "quantile-baseline",
    summary: "return against its group's quantile: A = (R - Q) / (std + deviation-floor)",
    source: "arXiv 2509.22611, equation (3)",
    formula: "A = (R − Q_K) / (std + floor), Q_K the K-quantile of the group's R",
    parameters: [
      .number(
        "quantile", default: 0.4, in: 0...1,
        help:
          "K: of 0/1 rewards, prompts with more than 1 - K right answers learn from the wrong ones"),
      .choice(
        "definition", default: "inverse", of: ["inverse", "linear"],
        help: "inverse: the least return with a share K at or below it; linear: between neighbours"),
      .choice(
        "scale", default: "group", of: ["group", "none"],
        help: "whose standard deviation divides: the group's or none's"),
      .number(
        "deviation-floor", default: defaultFloor, in: 0...1,
        help: "added to the standard deviation, in units of reward; not used with scale none"),
    ])

  private let share: Double
  private let isLinear: Bool
  private let isDivided: Bool
  private let floor: Double

  /// - Throws: `.pluginFault` if the parameters were checked against another manual.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    share = try parameters.number("quantile")
    isLinear = try parameters.text("definition") == "linear"
    isDivided = try parameters.text("scale") == "group"
    floor = try parameters.number("deviation-floor")
  }

  /// Writes each sequence's advantage to its tokens; throws nothing.
  package func transform(_ advantages: inout MutableSpan<Float>, of batch: RolloutBatch)
    throws(FulcrumError)
  {
    for group in 0..<batch.sequences.groupCount {
      let members = batch.sequences.sequences(ofGroup: group)
      let returns = members.map { batch.wholeReturn(ofSequence: $0, in: advantages.span) }
      let baseline = returns.count > 1 ? quantile(of: returns) : 0
      let divisor = isDivided ? Self.deviation(of: returns) + floor : 1
      for (sequence, value) in zip(members, returns) {
        let difference = value - baseline
        let advantage = difference == 0 ? 0 : Float.nearestFinite(difference / divisor)
        for token in batch.sequences.tokens(ofSequence: sequence) { advantages[token] = advantage }
      }
    }
  }

  /// Returns the baseline of a group that has at least one return.
  private func quantile(of returns: [Double]) -> Double {
    let sorted = returns.sorted()
    guard isLinear else {
      // By division: a product such as 0.55 · 20 can be just above a whole number.
      let isReached = { Double($0 + 1) / Double(sorted.count) >= share }
      return sorted[sorted.indices.first(where: isReached) ?? sorted.count - 1]
    }
    let place = share * Double(sorted.count - 1)
    let below = sorted[Int(place)]
    let above = sorted[Int(place.rounded(.up))]
    return below + (place - place.rounded(.down)) * (above - below)
  }

  /// Returns the unbiased standard deviation; 1 of fewer than two returns.
  private static func deviation(of returns: [Double]) -> Double {
    guard returns.count > 1 else { return 1 }
    let mean = returns.reduce(0, +) / Double(returns.count)
    let squares = returns.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (squares / Double(returns.count - 1)).squareRoot()
  }
}
