import Foundation
import FulcrumKernel
import JSON
import Training

/// A completion token by token: texts and what the step knew of each.
struct SampleTokens {
  /// Decodes tokens; a token may end within a character, whose text is the last of its tokens'.
  let decode: ([Int32]) -> String

  /// Adds `token_texts`, and flat lists of the same length: `probability` at the rollout's
  /// temperature, `advantage`, `lever` (null: took no part in the update) and `weight`.
  ///
  /// - Parameter sequence: its place in the rollout that the update is on, below
  ///   `TokenWatch.sequences`.
  func add(
    _ sequence: Int, of rollout: Rollout, advantages: [Float], watch: TokenWatch,
    to line: inout JSONLine
  ) {
    let range = rollout.sequences.tokens(ofSequence: sequence)
    guard range.upperBound <= watch.levers.count else { return }
    let stream = TokenStream(decode: decode)
    var texts = rollout.sequences.tokens.extracting(range).array.map { stream.add($0) }
    if let last = texts.indices.last { texts[last] += stream.end() }
    line.add("token_texts", .list(texts.map { .text($0) }))
    line.add("probability", list(rollout.logProbabilities[range].lazy.map { exp($0) }))
    line.add("advantage", list(advantages[range]))
    line.add("lever", list(watch.levers[range]))
    line.add("weight", list(watch.weights[range]))
  }

  private func list(_ values: some Sequence<Float>) -> JSONLine.Value {
    .numbers(values.map(Double.init), digits: 4)
  }
}
