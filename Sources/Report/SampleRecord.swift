import Foundation
import FulcrumKernel
import Runs

/// A completion of `samples/step-N.jsonl`.
package struct SampleRecord: Decodable {
  package let step: Int
  package let id: String
  package let prompt: String
  package let completion: String
  package let reward: Double?
  package let outcome: String
  package let tokens: Int
  package let tokenTexts: [String]?
  package let probability: [Double?]?
  package let advantage: [Double?]?
  package let lever: [Double?]?
  package let weight: [Double?]?

  enum CodingKeys: String, CodingKey {
    case step, id, prompt, completion, reward, outcome, tokens, probability, advantage, lever,
      weight
    case tokenTexts = "token_texts"
  }

  /// Most completions that a report shows of a step.
  static let limit = 4
  /// Most tokens that it shows of a completion.
  static let tokenLimit = 500

  /// Completions of the first and of the last step that wrote any.
  package static func read(from directory: RunDirectory) throws(FulcrumError) -> [[SampleRecord]] {
    let steps = RolloutRecord.steps(in: directory.samples)
    var result: [[SampleRecord]] = []
    for step in Set([steps.first, steps.last].compactMap(\.self)).sorted() {
      let all = try JSONLinesFile.read(
        SampleRecord.self, from: RolloutRecord.path(step: UInt32(step), in: directory.samples))
      result.append(Array(all.prefix(limit)))
    }
    return result
  }
}
