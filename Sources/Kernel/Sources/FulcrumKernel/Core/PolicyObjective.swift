/// Gives each token its weight on ∇ log π: the paper's equation (2).
///
/// Every objective J of this family has ∇J = Σ_tokens w ∇ log π(token). The policy accumulates that
/// sum; the objective never sees parameters. One that also weighs the entropy, or looks at a whole
/// mini-batch first, conforms to `EntropyObjective` or `SurveyingObjective` besides.
///
/// - Source: arXiv 2505.12929, equation (2).
public protocol PolicyObjective: Component {
  /// The columns that the objective reads beside the three current scores; the host computes no
  /// others. It alone may name columns of the current policy.
  var needs: Set<Column> { get }

  /// Whether each token's weight, loss and part of a metric depend on that token's own numbers, and on
  /// shares and the survey, alone. Then tokens outside a phase need not be scored, and an input holds
  /// those that take part alone. A ratio of whole sequences is not tokenwise.
  var isTokenwise: Bool { get }

  /// Writes each token's weight and its part of the loss.
  ///
  /// - Parameters:
  ///   - input: tokens of some adjacent sequences of a mini-batch. Denominators are the mini-batch's.
  ///   - weights: to be set to w = ∂J/∂log π(token), normalisation included: multiply by
  ///     `input.share(ofSequence:)`. Zero on entry.
  ///   - losses: to be set to the token's part of −J, so that they sum to the loss. Zero on entry.
  ///   - metrics: named means, for instance `clip_ratio/region_mean`.
  func weigh(
    _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout MutableSpan<Float>, metrics: inout MetricSums) throws(FulcrumError)
}

extension PolicyObjective {
  public var needs: Set<Column> { [] }
  public var isTokenwise: Bool { false }
}
