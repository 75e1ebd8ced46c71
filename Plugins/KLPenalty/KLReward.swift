import FulcrumKernel

/// Charges each token for its divergence from the reference policy: its reward falls by β k.
///
/// A token's return falls by β times the sum of k over the token and those after it in its
/// sequence. So this transform stands first in the chain, before those that compare returns.
///
/// - Shape: one value for each token; the first of a sequence has the sequence's whole charge.
/// - Unit: β is reward for each nat; k is estimated with π_old, at the rollout temperature.
/// - Numerics: charges are summed in `Double` from the right, one rounding for each token; what does
///   not fit `Float` becomes its greatest number.
/// - Source: arXiv 2203.02155, section 3.5 (equation 2), token by token as in verl's and OpenRLHF's
///   code.
/// - Complexity: O(tokens), no allocation.
package struct KLReward: AdvantageTransform {
  package static let manual = ComponentManual(
    name: "kl-penalty",
    summary: "KL in the reward: each return falls by beta * the KL of its token and those after it",
    source: "arXiv 2203.02155, section 3.5; estimators: Schulman, 'Approximating KL divergence'",
    formula:
      "A_t ← A_t − β Σ_{s ≥ t} k_s, k₁ = −x, k₂ = x²/2, k₃ = e^x − x − 1, x = log π_ref − log p",
    parameters: [
      .number(
        "beta", default: 0.001, in: 0...10,
        help: "reward charged for each nat; 0: no charge, and no reference policy is needed",
        meaning: .referenceStrength),
      .choice(
        "estimator", default: "k1", of: KLEstimator.Kind.allCases.map(\.rawValue),
        help: "with x = log pi_ref - log pi_old: k1 = -x, k2 = x^2/2, k3 = e^x - x - 1"),
      .flag(
        "clamp", default: false, help: "hold x in -5...5 and the estimate in -10...10"),
    ])

  package let needs: Set<Column>
  private let beta: Double
  private let estimator: KLEstimator

  /// - Throws: `.pluginFault` if the parameters were checked against another manual.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    beta = try parameters.number("beta")
    let name = try parameters.text("estimator")
    guard let kind = KLEstimator.Kind(rawValue: name) else {
      throw parameters.refuse("estimator", "expected k1, k2 or k3, got \(name)")
    }
    estimator = KLEstimator(kind, isClamped: try parameters.flag("clamp"))
    needs = beta > 0 ? [.oldLogProbabilities, .referenceLogProbabilities] : []
  }

  /// Subtracts from each token's return the charges of the token and of those after it.
  ///
  /// - Throws: `.pluginFault` if the host did not compute the columns that it needs.
  package func transform(_ advantages: inout MutableSpan<Float>, of batch: RolloutBatch)
    throws(FulcrumError)
  {
    guard beta > 0 else { return }
    let old = try batch.column(.oldLogProbabilities)
    let reference = try batch.column(.referenceLogProbabilities)
    for sequence in 0..<batch.sequences.sequenceCount {
      var divergence = 0.0
      for token in batch.sequences.tokens(ofSequence: sequence).reversed() {
        let x = Double(reference[token]) - Double(old[token])
        divergence += estimator.estimate(logRatio: x).value
        advantages[token] = Float.nearestFinite(Double(advantages[token]) - beta * divergence)
      }
    }
  }
}
