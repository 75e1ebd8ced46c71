import FulcrumKernel
import ObjectiveParts

/// Names the ratio π/π_old that an objective takes for a token: the token's own, or its sequence's.
///
/// - Source: arXiv 2507.18071, section 4.1 for `sequence`, 4.3 for `sequence-token`.
enum ImportanceRatio: String, CaseIterable {
  /// The token's own ratio.
  case token
  /// The ratio s = (Π r_t)^(1/n), the geometric mean over the sequence's n tokens, all of which
  /// move it.
  case sequence
  /// The number s, but with the gradient of the token's own ratio: sg(s) · π / sg(π).
  case sequenceToken = "sequence-token"

  init(_ parameters: Parameters) throws(FulcrumError) {
    // The manual lists the cases, so no other text arrives here.
    self = Self(rawValue: try parameters.text("importance-ratio")) ?? .token
  }

  /// Returns s, or `nil` where each token has a ratio of its own.
  func sequenceRatio(of tokens: Range<Int>, in input: borrowing ObjectiveInput) -> Double? {
    if self == .token { return nil }
    var sum = 0.0
    for token in tokens { sum += input.logRatio(token) }
    return boundedExponential(sum / Double(max(1, tokens.count)))
  }
}
