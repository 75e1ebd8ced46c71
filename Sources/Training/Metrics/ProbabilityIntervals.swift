import Foundation
import FulcrumKernel

/// Measures which tokens move the model: counts, weights and levers in the four probability
/// intervals of Fig. 1 of arXiv 2505.12929.
///
/// A token pulls on the logits with |w| · ‖∇_z log π‖. An interval's share is its own sum divided
/// by the sum over all tokens that take part in an update.
package struct ProbabilityIntervals: Sendable {
  package static let names = ["0.00-0.25", "0.25-0.50", "0.50-0.75", "0.75-1.00"]

  private struct Sums {
    var tokens = 0.0
    var weights = 0.0
    var pulls = 0.0
    var entropies = 0.0
  }

  private var sums = [Sums](repeating: Sums(), count: 4)

  package init() {}

  /// The interval of a probability: [0, ¼), [¼, ½), [½, ¾) or [¾, 1].
  package static func index(of probability: Float) -> Int { min(3, max(0, Int(probability * 4))) }

  package mutating func add(logProbability: Float, weight: Float, lever: Float, entropy: Float) {
    let interval = Self.index(of: exp(logProbability))
    sums[interval].tokens += 1
    sums[interval].weights += Double(abs(weight))
    sums[interval].pulls += Double(abs(weight) * lever)
    sums[interval].entropies += Double(entropy)
  }

  /// Each interval's share of the tokens; zeros if no token was added.
  package var tokenShares: [Double] {
    let all = sums.reduce(0) { $0 + $1.tokens }
    return sums.map { all > 0 ? $0.tokens / all : 0 }
  }

  /// Writes `probability/<interval>/token_share`, `…/weight_share`, `…/lever_share` and, where the
  /// interval has tokens, their mean `…/entropy`. Writes nothing if no token was added.
  package func describe(in metrics: inout Metrics) {
    func total(_ part: (Sums) -> Double) -> Double { sums.reduce(0) { $0 + part($1) } }
    let (tokens, weights, pulls) = (total(\.tokens), total(\.weights), total(\.pulls))
    guard tokens > 0 else { return }
    for (interval, own) in sums.enumerated() {
      func set(_ part: Part, _ value: Double) {
        metrics.set(Self.metric(part, interval: interval), value)
      }
      set(.tokenShare, own.tokens / tokens)
      set(.weightShare, weights > 0 ? own.weights / weights : 0)
      set(.leverShare, pulls > 0 ? own.pulls / pulls : 0)
      if own.tokens > 0 { set(.entropy, own.entropies / own.tokens) }
    }
  }
}
