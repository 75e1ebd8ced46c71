import FulcrumKernel

/// Finds the unlikely tokens of a step, and makes a phase of them and one of the others. `lopti`
/// and its random control share it, for they must count alike.
///
/// - Numerics: probabilities are compared, not their logarithms, and in `Float`, as in the code of
///   arXiv 2505.12929. A log-probability that is NaN counts as likely; among tokens with one there is
///   no quantile, and all of them are likely.
package struct UnlikelySplit: Sendable {
  /// The outer loop: phases or mini-batches.
  package let nesting: PhaseNesting
  private let eta: Float
  private let quantile: Double
  private let isLowFirst: Bool

  /// Returns the parameters for the manual, each with the component's own help.
  package static func parameters(
    eta: String, order: String, quantile: String, splitPer: String
  ) -> [Parameter] {
    [
      .number("eta", default: 0.5, in: 0...1, help: eta),
      .choice("order", default: "low-first", of: ["low-first", "high-first"], help: order),
      .number("quantile", default: 0, in: 0...1, help: quantile),
      .choice("split-per", default: "batch", of: ["batch", "minibatch"], help: splitPer),
    ]
  }

  /// - Throws: `.parameter` if both `quantile` and `eta` are given.
  package init(_ parameters: Parameters) throws(FulcrumError) {
    let threshold = try parameters.number("eta")
    quantile = try parameters.number("quantile")
    guard quantile == 0 || threshold == 0.5 else {
      throw parameters.refuse(
        "quantile",
        "expected either eta or quantile, got eta \(threshold) and quantile \(quantile)",
        hint: "leave out 'eta' to split off a share of the tokens, 'quantile' to split at a"
          + " probability")
    }
    eta = Float(threshold)
    isLowFirst = try parameters.text("order") == "low-first"
    nesting =
      try parameters.text("split-per") == "minibatch" ? .minibatchByMinibatch : .phaseByPhase
  }

  /// Returns whether each token of the batch is unlikely.
  ///
  /// - Throws: `.pluginFault` if the host did not compute the old log-probabilities.
  /// - Complexity: O(T) for T tokens; with a quantile O(T log T).
  package func unlikelyTokens(of batch: RolloutBatch) throws(FulcrumError) -> [Bool] {
    let logProbabilities = try batch.column(.oldLogProbabilities)
    var unlikely: [Bool] = []
    unlikely.reserveCapacity(logProbabilities.count)
    for sequences in parts(of: batch) {
      var probabilities: [Float] = []
      for token in batch.sequences.tokens(ofSequences: sequences) {
        probabilities.append(exp(logProbabilities[token]))
      }
      let threshold = threshold(of: probabilities)
      unlikely += probabilities.map { $0 < threshold }
    }
    return unlikely
  }

  /// Returns a phase of the marked tokens and one of the others, in the configured order.
  ///
  /// - Parameter prefix: comes before the phases' names, `low` and `high`.
  package func phases(low isLow: [Bool], prefix: String = "") -> [UpdatePhase] {
    let low = UpdatePhase(name: prefix + "low", participates: isLow)
    let high = UpdatePhase(name: prefix + "high", participates: isLow.map { !$0 })
    return isLowFirst ? [low, high] : [high, low]
  }

  /// Returns the sequences that are split by one threshold: all, or a mini-batch's.
  private func parts(of batch: RolloutBatch) -> [Range<Int>] {
    guard nesting == .minibatchByMinibatch else { return [0..<batch.sequences.sequenceCount] }
    return (1..<batch.minibatchOffsets.count).map {
      batch.minibatchOffsets[$0 - 1]..<batch.minibatchOffsets[$0]
    }
  }

  private func threshold(of probabilities: [Float]) -> Float {
    // No probability is below 0, so without a quantile no token is unlikely.
    quantile > 0 ? Quantile.linear(quantile, of: probabilities) ?? 0 : eta
  }
}
