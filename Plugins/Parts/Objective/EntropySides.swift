import FulcrumKernel

/// Tells the tokens at which the current policy is more uncertain than at most others of their
/// sequence.
///
/// A token is on the high side if its entropy is above the quantile of its sequence's entropies;
/// tokens on the quantile are on the low one.
///
/// - Unit: entropies in nats, of the current policy at the rollout temperature.
/// - Numerics: the quantile interpolates linearly, as torch.quantile.
/// - Source: arXiv 2507.15778; the side's own part of a mean as in the authors' code.
package struct EntropySides: Sendable {
  /// Whether each token of the slice is on the high side.
  package private(set) var isHigh: [Bool]
  /// Tokens of a sequence over those of them that are on the token's side, for each token: what
  /// turns a mean over the sequence into one over a side of it.
  package private(set) var sideFactor: [Double]

  /// - Parameters:
  ///   - share: of a sequence's tokens that are on the low side.
  ///   - component: the objective's name, for the message.
  /// - Throws: `.notFinite` if an entropy of a sequence that counts is not a number.
  /// - Complexity: O(n log n) for n tokens of a sequence; some copies of the entropies.
  package init(
    of input: borrowing ObjectiveInput, quantile share: Double, by component: String
  ) throws(FulcrumError) {
    isHigh = [Bool](repeating: false, count: input.tokenCount)
    sideFactor = [Double](repeating: 1, count: input.tokenCount)
    for sequence in 0..<input.sequenceCount where input.share(ofSequence: sequence) != 0 {
      let tokens = input.tokens(ofSequence: sequence)
      if tokens.isEmpty { continue }
      var entropies: [Float] = []
      for token in tokens { entropies.append(input.entropies[token]) }
      guard let threshold = Quantile.linear(share, of: entropies) else {
        throw FulcrumError(
          .notFinite, "expected entropies, got one that is not a number", at: component,
          hint: "the policy's logits are damaged; look at the steps before this one")
      }
      for token in tokens { isHigh[token] = input.entropies[token] > threshold }
      let high = tokens.count { isHigh[$0] }
      for token in tokens {
        let side = isHigh[token] ? high : tokens.count - high
        sideFactor[token] = Double(tokens.count) / Double(side)
      }
    }
  }

  /// Returns the parameter of the quantile, for the manual.
  package static var parameter: Parameter {
    .number(
      "quantile", default: 0.8, in: 0...1,
      help: "a token is of high entropy above this quantile of its sequence's current entropies")
  }
}
