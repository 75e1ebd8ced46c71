import FulcrumKernel

/// Holds the numbers of one token from which an objective makes its term.
package struct RatioToken {
  /// The token's place in the input's columns.
  package let place: Int
  /// log π − log π_old.
  package let logRatio: Double
  /// r = π/π_old, bounded (`boundedExponential`).
  package let ratio: Double
  package let advantage: Double
}

/// Holds one token's term f of an objective J = Σ share · f(log π).
package struct TokenTerm {
  /// ∂f/∂log π: the token's weight before its share.
  package var slope: Double
  package var value: Double
  /// Which side of a clip took the slope away, for the metrics.
  package var branch: ClippedSurrogate.Branch

  package init(slope: Double, value: Double, branch: ClippedSurrogate.Branch = .unclipped) {
    self.slope = slope
    self.value = value
    self.branch = branch
  }
}

extension ObjectiveInput {
  /// Weighs every token by a term of its own numbers, and adds `clip_ratio/…`, `policy_ratio/mean` and
  /// `approx_kl`. Sequences of share 0 get zeros and are not in the metrics.
  ///
  /// - Complexity: O(tokens), no allocation but for the metrics' entries.
  package func weighTokens(
    _ weights: inout MutableSpan<Float>, _ losses: inout MutableSpan<Float>,
    _ metrics: inout MetricSums, term: (RatioToken) -> TokenTerm
  ) {
    var tally = ObjectiveTally()
    for sequence in 0..<sequenceCount {
      let share = share(ofSequence: sequence)
      if share == 0 { continue }
      for place in tokens(ofSequence: sequence) {
        let logRatio = logRatio(place)
        let token = RatioToken(
          place: place, logRatio: logRatio, ratio: boundedExponential(logRatio),
          advantage: Double(advantages[place]))
        let term = term(token)
        weights[place] = Float(term.slope * share)
        losses[place] = Float(-term.value * share)
        tally.count(ratio: token.ratio, logRatio: logRatio)
        tally.count(term.branch)
      }
    }
    tally.reportClips(to: &metrics)
    tally.reportRatios(to: &metrics)
  }
}
