import Foundation
import FulcrumKernel
import JSON
import Training

/// Describes a completion token by token: texts and the values that the step computed of each.
struct SampleTokens {
  /// Decodes tokens. A token may end within a character; the last of the character's tokens gets
  /// its text.
  let decode: ([Int32]) -> String

  /// Adds the texts of a completion's tokens, and the values that the step computed of each.
  ///
  /// - Parameter sequence: its place in the rollout that the update is on, below
  ///   `TokenWatch.sequences`.
  func add(
    _ sequence: Int, of rollout: Rollout, advantages: [Float], watch: TokenWatch,
    to sample: inout SampleRecord
  ) {
    let range = rollout.sequences.tokens(ofSequence: sequence)
    guard range.upperBound <= watch.levers.count else { return }
    let stream = TokenStream(decode: decode)
    var texts = rollout.sequences.tokens.extracting(range).array.map { stream.add($0) }
    if let last = texts.indices.last { texts[last] += stream.end() }
    sample.tokenTexts = texts
    sample.probability = list(rollout.logProbabilities[range].lazy.map { exp($0) })
    sample.advantage = list(advantages[range])
    sample.lever = list(watch.levers[range])
    sample.weight = list(watch.weights[range])
  }

  /// Rounds numbers to as many digits as people read.
  private func list(_ values: some Sequence<Float>) -> [Double?] {
    values.map { JSONLine.rounded(Double($0), digits: 4).nullable }
  }
}
