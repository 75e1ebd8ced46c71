import Foundation
import FulcrumKernel

/// Who moves the model: tokens and levers in the four probability intervals of the paper's Fig. 1.
///
/// A token pulls on the logits with |w| · ‖∇_z log π‖. The share of an interval is its sum over the
/// sum of all, over the tokens that take part in an update.
package struct ProbabilityIntervals: Sendable {
  package static let names = ["0.00-0.25", "0.25-0.50", "0.50-0.75", "0.75-1.00"]

  private var tokens = [0.0, 0, 0, 0]
  private var pulls = [0.0, 0, 0, 0]

  package init() {}

  /// The interval of a probability: [0, ¼), [¼, ½), [½, ¾) or [¾, 1].
  package static func index(of probability: Float) -> Int { min(3, max(0, Int(probability * 4))) }

  package mutating func add(logProbability: Float, weight: Float, lever: Float) {
    let interval = Self.index(of: exp(logProbability))
    tokens[interval] += 1
    pulls[interval] += Double(abs(weight) * lever)
  }

  /// Writes `probability/<interval>/token_share` and `…/lever_share`; none if nothing was added.
  package func describe(in metrics: inout Metrics) {
    let allTokens = tokens.reduce(0, +)
    let allPulls = pulls.reduce(0, +)
    guard allTokens > 0 else { return }
    for (index, name) in Self.names.enumerated() {
      metrics.set("probability/\(name)/token_share", tokens[index] / allTokens)
      metrics.set(
        "probability/\(name)/lever_share", allPulls > 0 ? pulls[index] / allPulls : 0)
    }
  }
}
