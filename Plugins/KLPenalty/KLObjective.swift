import FulcrumKernel
import ObjectiveParts

/// Charges the policy for its divergence from the reference: J = −Σ share · β k.
///
/// With x = log π_ref − log π the weight of a token is share · β ∂k/∂x, for k3 the
/// β (π_ref/π − 1) of equation (2).
///
/// - Shape: one weight and one loss for each token of the slice, each a function of that token
///   alone. Sequences of share 0 get zeros and are not in the metric.
/// - Unit: β is advantage for each nat.
/// - Numerics: each token in `Double`, rounded once.
/// - Source: arXiv 2402.03300, section 4.1.1; arXiv 2505.12929, equations (1) and (2).
/// - Complexity: O(tokens), no allocation but for the metric's entry.
package struct KLObjective: PolicyObjective {
  package static let manual = ComponentManual(
    name: "kl-penalty",
    summary: "KL in the loss: beta times an estimate of the KL to the reference at each token",
    source: "arXiv 2505.12929, equations (1) and (2)",
    formula: "w = β ∂k/∂x with x = log π_ref − log π: k₃ gives β (π_ref/π − 1), k₂ β x, k₁ −β",
    parameters: [
      .number(
        "beta", default: 0.001, in: 0...10,
        help: "weight of the KL to the reference; 0: no reference policy is needed",
        meaning: .referenceStrength),
      .choice(
        "estimator", default: KLEstimator.Kind.k3.rawValue,
        of: KLEstimator.Kind.allCases.map(\.rawValue),
        help: "with x = log pi_ref - log pi: k1 = -x (as a loss it has no mean gradient), "
          + "k2 = x^2/2, k3 = e^x - x - 1"),
      .choice(
        "gradient", default: "own", of: ["own", "k2"],
        help: "the estimator's own, or that of k2, whose mean is the gradient of the KL"),
      .flag(
        "clamp", default: true,
        help: "hold x in -5...5 and the estimate in -10...10, as the paper's code does; no "
          + "gradient outside"),
    ])

  package let needs: Set<Column>
  package let isTokenwise = true
  private let beta: Double
  private let estimator: KLEstimator
  /// The estimator whose derivative the weights have.
  private let slope: KLEstimator

  /// - Throws: `.pluginFault` if the parameters were checked against another manual.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    beta = try parameters.number("beta")
    let name = try parameters.text("estimator")
    guard let kind = KLEstimator.Kind(rawValue: name) else {
      throw parameters.refuse("estimator", "expected k1, k2 or k3, got \(name)")
    }
    let isClamped = try parameters.flag("clamp")
    estimator = KLEstimator(kind, isClamped: isClamped)
    slope = KLEstimator(
      try parameters.text("gradient") == "k2" ? .k2 : kind, isClamped: isClamped)
    needs = beta > 0 ? [.referenceLogProbabilities] : []
  }

  /// Sets the weights and losses of a slice's tokens and adds to the metric `kl`.
  ///
  /// - Throws: `.pluginFault` if the column that was declared as needed is missing.
  package func weigh(
    _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout MutableSpan<Float>, metrics: inout MetricSums
  ) throws(FulcrumError) {
    guard beta > 0 else { return }
    try input.require(.referenceLogProbabilities, by: Self.manual.name)
    var tokens = 0
    var sum = 0.0
    for sequence in 0..<input.sequenceCount {
      let factor = beta * input.share(ofSequence: sequence)
      if factor == 0 { continue }
      for token in input.tokens(ofSequence: sequence) {
        let x =
          Double(input.referenceLogProbabilities[token]) - Double(input.logProbabilities[token])
        let divergence = estimator.estimate(logRatio: x).value
        weights[token] = Float(factor * slope.estimate(logRatio: x).pull)
        losses[token] = Float(factor * divergence)
        sum += divergence
        tokens += 1
      }
    }
    metrics.add("kl", sum: sum, count: tokens)
  }
}
