import FulcrumKernel

/// Whitens the tokens' returns over the whole batch: REINFORCE++.
///
/// A_t = (x_t − mean) / √(var + 1e-8), with mean and variance over ALL tokens of the batch, so a
/// long completion counts for more than a short one. x is the incoming chain, which is the return
/// of REINFORCE: all reward from the token on. With `baseline: group`, x is the same for all tokens
/// of a sequence: its whole return less the mean of its group's.
///
/// - Unit: standard deviations of the batch's tokens.
/// - Numerics: moments in `Double`; the variance is unbiased (n − 1). Equal values have advantage 0;
///   so has a batch of one token. A group of one has mean 0.
/// - Source: arXiv 2501.03262; the constant and the variance are those of verl's `masked_whiten`,
///   which the code of arXiv 2505.12929 has, too.
/// - Complexity: O(tokens), no allocation.
package struct BatchWhitening: AdvantageTransform {
  package static let manual = ComponentManual(
    name: "reinforce-plus-plus",
    summary: "REINFORCE++: returns whitened over all of the batch's tokens",
    source: "arXiv 2501.03262",
    formula: "A ← (A − mean) / √(var + 1e-8), both over the batch's tokens",
    parameters: [
      .choice(
        "baseline", default: "none", of: ["none", "group"],
        help: "group: subtract the mean of the prompt's returns first (REINFORCE++-baseline)")
    ])

  /// Keeps equal returns finite; the value of verl's code.
  private static let varianceFloor = 1e-8
  private let hasGroupBaseline: Bool

  /// - Throws: `.pluginFault` if the parameters were checked against another manual.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    hasGroupBaseline = try parameters.text("baseline") == "group"
  }

  /// Whitens the returns in place; throws nothing.
  package func transform(_ advantages: inout MutableSpan<Float>, of batch: RolloutBatch)
    throws(FulcrumError)
  {
    if hasGroupBaseline { Self.subtractGroupMeans(from: &advantages, of: batch) }
    let count = Double(advantages.count)
    guard count > 0 else { return }
    var sum = 0.0
    for token in advantages.indices { sum += Double(advantages[token]) }
    let mean = sum / count
    var squares = 0.0
    for token in advantages.indices {
      let difference = Double(advantages[token]) - mean
      squares += difference * difference
    }
    let deviation = (squares / max(count - 1, 1) + Self.varianceFloor).squareRoot()
    for token in advantages.indices {
      advantages[token] = Float((Double(advantages[token]) - mean) / deviation)
    }
  }

  private static func subtractGroupMeans(
    from returns: inout MutableSpan<Float>, of batch: RolloutBatch
  ) {
    for group in 0..<batch.sequences.groupCount {
      let members = batch.sequences.sequences(ofGroup: group)
      var sum = 0.0
      for sequence in members { sum += batch.wholeReturn(ofSequence: sequence, in: returns.span) }
      let mean = members.count > 1 ? sum / Double(members.count) : 0
      for sequence in members {
        let difference = batch.wholeReturn(ofSequence: sequence, in: returns.span) - mean
        let value = Float.nearestFinite(difference)
        for token in batch.sequences.tokens(ofSequence: sequence) { returns[token] = value }
      }
    }
  }
}
