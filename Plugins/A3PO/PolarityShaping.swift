import FulcrumKernel

/// Raises the advantages of a right completion's unlikeliest tokens and of a wrong one's likeliest, less
/// from step to step: A ← max(ρ − δ (s − 1), 1) A on a share of each completion's tokens, s the step.
///
/// Of n tokens ⌊share · n⌋ are raised, at least one: where A > 0 those of lowest π_old, where A < 0 those
/// of highest; of equal ones the earlier. Everything else keeps its advantage.
///
/// - Unit: of the incoming advantages. Nothing is re-normalised.
/// - Numerics: the factor in `Double`, one rounding. What does not fit `Float` becomes its greatest number.
/// - Source: "Rethinking Sample Polarity in RLVR" (A3PO), arXiv 2512.21625; the choice of tokens is its
///   code's, which has no schedule.
/// - Complexity: O(n log n) for a completion of n tokens.
package struct PolarityShaping: AdvantageTransform {
  package static let manual = ComponentManual(
    name: "a3po",
    summary: "raises unlikely tokens where A > 0 and likely ones where A < 0, less with each step",
    source: "arXiv 2512.21625",
    formula:
      "A ← max(ρ − δ (step − 1), 1) A on the share of lowest p where A > 0, highest where A < 0",
    parameters: [
      .number(
        "positive-factor", default: 2, in: 1...1e6,
        help: "rho of the unlikeliest tokens with A > 0, in the first step; 1: none is raised"),
      .number(
        "negative-factor", default: 2, in: 1...1e6,
        help: "rho of the likeliest tokens with A < 0, in the first step; 1: none is raised"),
      .number(
        "share", default: 0.2, in: 0...1, help: "of each completion's tokens, at least one of them"),
      .number(
        "decay", default: 0.005, in: 0...1e6,
        help: "delta, what a factor loses with each step until it is 1; 0: nothing"),
    ])

  package let needs: Set<Column> = [.oldLogProbabilities]
  private let positive: Double
  private let negative: Double
  private let share: Double
  private let decay: Double

  /// - Throws: `.pluginFault` if the parameters were checked against another manual.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    positive = try parameters.number("positive-factor")
    negative = try parameters.number("negative-factor")
    share = try parameters.number("share")
    decay = try parameters.number("decay")
  }

  /// Raises the chosen tokens' advantages.
  ///
  /// - Throws: `.pluginFault` if the host did not compute the old log-probabilities.
  package func transform(_ advantages: inout MutableSpan<Float>, of batch: RolloutBatch)
    throws(FulcrumError)
  {
    let logs = try batch.column(.oldLogProbabilities)
    let lost = decay * (Double(max(batch.step, 1)) - 1)
    for sequence in 0..<batch.sequences.sequenceCount {
      let tokens = batch.sequences.tokens(ofSequence: sequence)
      if tokens.isEmpty { continue }
      let count = max(1, Int(share * Double(tokens.count)))
      let unlikely = tokens.sorted { (logs[$0], $0) < (logs[$1], $1) }.prefix(count)
      let likely = tokens.sorted { (-logs[$0], $0) < (-logs[$1], $1) }.prefix(count)
      for token in unlikely where advantages[token] > 0 {
        raise(&advantages[token], by: positive - lost)
      }
      for token in likely where advantages[token] < 0 {
        raise(&advantages[token], by: negative - lost)
      }
    }
  }

  private func raise(_ advantage: inout Float, by factor: Double) {
    advantage = Float.nearestFinite(Double(advantage) * max(factor, 1))
  }
}
