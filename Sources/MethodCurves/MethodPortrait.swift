import FulcrumKernel

/// What a method does to tokens' weights, as it was seen on made-up batches.
package struct MethodPortrait: Codable, Equatable, Sendable {
  /// A weight beside that on the drawn token: on the entropy, or on the likeliest token of the place.
  package struct Further: Codable, Equatable, Sendable {
    package let name: String
    package let curves: SignedCurves
  }

  /// A schedule's phase.
  package struct Phase: Codable, Equatable, Sendable {
    package let name: String
    /// The share of the tokens that take part, along their probability.
    package let share: WeightCurve
  }

  /// What the curves are of.
  package enum Measure: String, Codable, Equatable, Sendable {
    /// An objective's w over the share and A.
    case weight
    /// A transform's advantage over the one that came in.
    case factor
    /// The same of one that subtracts a baseline itself: over the return less its group's mean.
    case baseline
    /// The share of the tokens that take part in a phase.
    case phase
  }

  package let measure: Measure
  /// Along the probability, on policy.
  package let onPolicy: SignedCurves
  /// Along the ratio; `nil`: it has none.
  package let byRatio: SignedCurves?
  package var furtherOnPolicy: [Further] = []
  package var furtherByRatio: [Further] = []
  /// The most phases that words and figures speak of.
  static let shownPhases = 6
  /// A schedule's phases, in order.
  package var phases: [Phase] = []
  /// Whether the ratio is the sampler's.
  package var isSamplersRatio = false

  /// Whether an objective's weight has no advantage in it, as a penalty's hasn't, or a transform's new
  /// advantage hasn't the old one's sign; then curves of tokens with A > 0 are those of w, of the new A.
  package var isWithoutAdvantage: Bool {
    (measure == .weight || measure == .factor) && !(onPolicy.isZero && byRatio?.isZero ?? true)
      && ([onPolicy] + [byRatio].compactMap(\.self)).allSatisfy {
        $0.isZero || $0.isWithoutAdvantage
      }
  }
}
