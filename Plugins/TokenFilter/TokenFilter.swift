import FulcrumKernel

/// Keeps the advantages of tokens whose probability lies in an interval; all others become 0.
///
/// The interval is from ≤ π_old < to; with `to` 1 it has no upper end, so that certain tokens are in.
/// Intervals that share an end therefore never share a token.
///
/// - Unit: of the incoming advantages, which are not scaled: the tokens left out stay in the
///   denominators of the loss, so that the intervals' gradients add up to the whole one.
/// - Numerics: probabilities are compared in `Float`, as `lopti` does. A log-probability that is NaN
///   is in no interval.
/// - Source: arXiv 2505.12929, figure 1 (d to f); its code has from < π_old ≤ to.
/// - Complexity: O(tokens), no allocation.
package struct TokenFilter: AdvantageTransform {
  package static let manual = ComponentManual(
    name: "token-filter",
    summary: "keeps the advantages of tokens with from <= pi_old < to",
    source: "arXiv 2505.12929, figure 1",
    formula: "A ← A where from ≤ p < to, else 0",
    parameters: [
      .number("from", default: nil, in: 0...1, help: "the least probability that is kept"),
      .number(
        "to", default: nil, in: 0...1, help: "the first probability that is not kept; 1: all are"),
    ])

  package let needs: Set<Column> = [.oldLogProbabilities]
  private let interval: Range<Float>

  /// - Throws: `.parameter` for an interval that is empty.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    let from = try parameters.number("from")
    let to = try parameters.number("to")
    // The ends are rounded like the probabilities; an interval that becomes empty then keeps
    // nothing.
    guard Float(from) < Float(to) else {
      throw parameters.refuse(
        "from", "expected a number below 'to', \(to), got \(from)",
        hint: "no token would be kept")
    }
    interval = Float(from)..<(to == 1 ? .infinity : Float(to))
  }

  /// - Throws: `.pluginFault` if the host did not compute the old log-probabilities.
  package func transform(_ advantages: inout MutableSpan<Float>, of batch: RolloutBatch)
    throws(FulcrumError)
  {
    let logProbabilities = try batch.column(.oldLogProbabilities)
    for token in advantages.indices where !interval.contains(exp(logProbabilities[token])) {
      advantages[token] = 0
    }
  }
}
