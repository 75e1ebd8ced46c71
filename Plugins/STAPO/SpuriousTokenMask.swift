import FulcrumKernel

/// Silences unlikely tokens of certain places in right completions: A ← 0 where A > 0, π < τ and H < h.
///
/// h is a quantile of the entropies, by default of those of the unlikely tokens with A > 0 alone. With
/// `renormalised` all other advantages are multiplied by N/(tokens that are left), N all of the batch's.
///
/// - Unit: of the incoming advantages; entropies in nats. Probability and entropy are π_old's.
/// - Numerics: probabilities are compared in `Float`, as `lopti` does; the quantile interpolates linearly,
///   as torch.quantile. The factor in `Double`, one rounding.
/// - Source: "STAPO", arXiv 2602.15620, section 3: version 4 for `quantile-of` unlikely with 0.75, version
///   1 for `all` with 0.8.
/// - Complexity: O(n log n) for the n tokens that the quantile is of.
package struct SpuriousTokenMask: ReportingTransform {
  package static let manual = ComponentManual(
    name: "stapo",
    summary: "silences unlikely tokens at places of low entropy where A > 0",
    source: "arXiv 2602.15620, section 3",
    formula: "A ← 0 where A > 0, p < τ and H < its q-quantile; else A · N / N_left",
    parameters: [
      .number("probability", default: 0.002, in: 0...1, help: "tau: tokens below it are unlikely"),
      .number(
        "entropy-quantile", default: 0.75, in: 0...1,
        help: "q: the share of entropies, of those quantile-of says, that are low"),
      .choice(
        "quantile-of", default: "unlikely", of: ["unlikely", "all"],
        help: "whose entropies: the batch's unlikely tokens with A > 0, or all of its tokens"),
      .flag(
        "renormalised", default: true,
        help: "multiply the others by all tokens over those left, as a mean over the latter has it"),
    ])

  package let needs: Set<Column> = [.oldLogProbabilities, .entropies]
  private let probability: Float
  private let quantile: Double
  private let isOfAll: Bool
  private let isRenormalised: Bool

  /// - Throws: `.pluginFault` if the parameters were checked against another manual.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    probability = Float(try parameters.number("probability"))
    quantile = try parameters.number("entropy-quantile")
    isOfAll = try parameters.text("quantile-of") == "all"
    isRenormalised = try parameters.flag("renormalised")
  }

  /// Silences tokens and reports how many.
  ///
  /// - Throws: `.pluginFault` if the host did not compute the two columns; `.notFinite` if an entropy
  ///   that the quantile is of is not a number.
  package func transform(
    _ advantages: inout MutableSpan<Float>, of batch: RolloutBatch, metrics: inout MetricSums
  ) throws(FulcrumError) {
    let logs = try batch.column(.oldLogProbabilities)
    let entropies = try batch.column(.entropies)
    let all = Array(advantages.indices)
    if all.isEmpty { return }
    let unlikely = all.filter { advantages[$0] > 0 && exp(logs[$0]) < probability }
    let sample = (isOfAll ? all : unlikely).map { entropies[$0] }
    var silenced = 0
    if !unlikely.isEmpty {
      guard let threshold = Quantile.linear(quantile, of: sample) else {
        throw FulcrumError(
          .notFinite, "expected entropies, got one that is not a number",
          hint: "the policy's logits are damaged; look at the steps before this one")
      }
      for token in unlikely where entropies[token] < threshold {
        advantages[token] = 0
        silenced += 1
      }
    }
    metrics.add("stapo/unlikely_share", sum: Double(unlikely.count), count: all.count)
    metrics.add("stapo/silenced_share", sum: Double(silenced), count: all.count)
    guard isRenormalised, silenced > 0 else { return }
    // An entropy is never below the quantile of itself alone, so that tokens are left.
    let factor = Double(all.count) / Double(all.count - silenced)
    for token in all { advantages[token] = Float.nearestFinite(Double(advantages[token]) * factor) }
  }
}
