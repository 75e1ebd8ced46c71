import FulcrumKernel
import JSON
import Training

/// Holds what a reward function said of a completion, with the parts that explain its value.
package struct SampleReward: Codable, Sendable {
  /// A part of the value. A list keeps their order, and allows two of one name.
  package struct Part: Codable, Sendable {
    package var name: String
    @NaNAsNull package var value: Double
  }

  package var name: String
  /// The reward, without its weight; NaN: there is no score.
  @NaNAsNull package var value: Double
  /// The weight in the sum.
  package var weight: Double
  package var outcome: String
  /// Why there is no score.
  package var reason: String?
  package var parts: [Part]

  init(_ score: RewardScore, of reward: WeightedReward) {
    name = reward.name
    value = score.value ?? .nan
    weight = reward.weight
    outcome = score.outcome.rawValue
    reason = score.reason
    parts = score.parts.map { Part(name: $0.name, value: $0.value) }
  }
}
