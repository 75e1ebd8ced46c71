import FulcrumKernel

/// Keeps levers and weights of the first completions' tokens through an update, for samples that
/// people read.
package struct TokenWatch: Sendable {
  /// The number of completions that are watched.
  package static let sequences = 4

  /// ‖∇_z log π‖ of each token when it was first weighed; NaN: it took no part.
  package private(set) var levers: [Float]
  /// Each token's weight on ∇ log π, summed over optimiser steps.
  package private(set) var weights: [Float]

  package init(of batch: SequenceBatch) {
    let count = min(Self.sequences, batch.sequenceCount)
    let tokens = count > 0 ? batch.tokens(ofSequences: 0..<count).upperBound : 0
    levers = [Float](repeating: .nan, count: tokens)
    weights = [Float](repeating: 0, count: tokens)
  }

  /// - Parameter token: its place in the batch; a token beyond the watched completions is ignored.
  mutating func add(token: Int, lever: Float, weight: Float) {
    guard token < levers.count else { return }
    if levers[token].isNaN { levers[token] = lever }
    weights[token] += weight
  }
}
