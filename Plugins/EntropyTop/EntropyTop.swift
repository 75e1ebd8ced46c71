import FulcrumKernel

/// Keeps the advantages of the most uncertain tokens; all others become 0.
///
/// A token is kept where its entropy is at least the (1 − share) quantile of the batch's tokens.
/// Tokens on the threshold are all kept, so more than `share` of them may be.
///
/// - Unit: entropies in nats, of the old policy at the rollout temperature. Advantages are not scaled;
///   the tokens left out stay in the denominators of the loss.
/// - Numerics: the quantile interpolates linearly, as torch.quantile.
/// - Source: "Beyond the 80/20 Rule", arXiv 2506.01939, section 5.
/// - Complexity: O(n log n) for n tokens; one copy of the entropies.
package struct EntropyTop: AdvantageTransform {
  package static let manual = ComponentManual(
    name: "entropy-top",
    summary: "keeps the advantages of the share of tokens with the highest entropy",
    source: "arXiv 2506.01939, section 5",
    formula: "A ← A where H ≥ its (1 − share) quantile over the batch, else 0",
    parameters: [
      .number(
        "share", default: 0.2, in: 0...1,
        help: "of the batch's tokens; 1: all, 0: only those of the very highest entropy")
    ])

  package let needs: Set<Column> = [.entropies]
  private let share: Double

  /// - Throws: `.pluginFault` if the parameters were checked against another manual.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    share = try parameters.number("share")
  }

  /// - Throws: `.pluginFault` if the host did not compute the entropies; `.notFinite` if one of them
  ///   is not a number.
  package func transform(_ advantages: inout MutableSpan<Float>, of batch: RolloutBatch)
    throws(FulcrumError)
  {
    let entropies = try batch.column(.entropies)
    guard !advantages.isEmpty else { return }
    var values: [Float] = []
    values.reserveCapacity(entropies.count)
    for token in entropies.indices { values.append(entropies[token]) }
    guard let threshold = Quantile.linear(1 - share, of: values) else {
      throw FulcrumError(
        .notFinite, "expected entropies, got one that is not a number",
        hint: "the policy's logits are damaged; look at the steps before this one")
    }
    for token in advantages.indices where entropies[token] < threshold { advantages[token] = 0 }
  }
}
