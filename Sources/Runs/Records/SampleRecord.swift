import Foundation
import JSON

/// Holds a line of `samples/step-N.jsonl`: a completion, for people to read.
package struct SampleRecord: Codable, Sendable {
  package var step: Int
  package var id: String
  package var prompt: String
  package var completion: String
  package var answer: String
  /// The reward; NaN: the completion has no score.
  @NaNAsNull package var reward: Double
  package var outcome: String
  /// What each reward function said, in the configuration's order; `nil` in files of older runs.
  package var rewards: [SampleReward]?
  /// The number of the completion's tokens.
  package var tokens: Int
  /// Whether the completion ended by itself.
  package var finished: Bool
  /// The mean advantage; NaN: the completion took no part in the update.
  @NaNAsNull package var advantageMean: Double
  /// The reason for which it has no score.
  package var reason: String?
  /// The texts of its tokens, if it was written token by token; the lists that follow are as long.
  package var tokenTexts: [String]?
  /// π of each token, at the rollout's temperature.
  package var probability: [Double?]?
  package var advantage: [Double?]?
  /// ‖∇_z log π‖ of each token; `nil`: it took no part in the update.
  package var lever: [Double?]?
  package var weight: [Double?]?

  /// The keys, in the file's order.
  enum CodingKeys: String, CodingKey {
    case step, id, prompt, completion, answer, reward, outcome, rewards, tokens, finished
    case advantageMean = "advantage_mean"
    case reason
    case tokenTexts = "token_texts"
    case probability, advantage, lever, weight
  }
}
