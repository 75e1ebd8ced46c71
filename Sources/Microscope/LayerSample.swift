import Foundation
import FulcrumKernel
import Training

/// Draws the tokens whose gradients at the layers are looked at: so many of each interval, by seed.
package struct LayerSample: Sendable {
  /// The most tokens of an interval in a batch; 0: none.
  let tokensByInterval: Int
  private let random: CounterRandom

  package init(tokensByInterval: Int, seed: UInt64) {
    self.tokensByInterval = tokensByInterval
    random = CounterRandom(seed: seed, purpose: "microscope-layers")
  }

  /// Returns places among a batch's tokens, ascending; only those whose 1 − π is at least
  /// `LeverBounds.ratioFloor`.
  ///
  /// - Parameter batch: the batch's number, from 0: each has draws of its own.
  package func places(logProbabilities: [Float], batch: Int) -> [Int] {
    guard tokensByInterval > 0 else { return [] }
    var parts = [[Int]](repeating: [], count: IntervalSummary.count)
    for (token, log) in logProbabilities.enumerated()
    where -expm1(Double(log)) >= LeverBounds.ratioFloor {
      parts[ProbabilityIntervals.index(of: exp(log))].append(token)
    }
    return parts.enumerated().flatMap { interval, tokens in
      var stream = random.stream(UInt64(batch * IntervalSummary.count + interval))
      return tokens.shuffled(using: &stream).prefix(tokensByInterval)
    }.sorted()
  }
}
