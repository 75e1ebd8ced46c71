import JSON

/// The content of `microscope.json` (Documentation/Microscope.md), as it is written and as it is read.
///
/// Lists are by probability interval where nothing else is said. NaN, null in the file, stands for an
/// interval without such tokens.
package struct MicroscopeRecord: Codable, Sendable {
  package var config: String
  /// The policy's folder; empty: the configuration's own policy.
  package var checkpoint: String
  /// Steps that the policy was trained for.
  package var step: Int
  package var optimizer: OptimizerChoice
  package var learningRate: Double
  package var rollouts: RolloutOrigin
  package var batches: Int
  /// Tokens of all batches.
  package var tokens: Int
  /// Names of the probability intervals.
  package var intervals: [String]
  package var figure1: Figure1
  /// Arms of Fig. 3; the one that trains as the configuration says comes first.
  package var figure3: [ArmDirection]
  package var bounds: Bounds
  /// Mean |Δπ|; rows: the interval that was updated alone, columns: the interval whose tokens moved.
  @NaNAsNull package var interventions: [[Double]]
  /// The same of Δπ in the direction of the tokens' advantages.
  @NaNAsNull package var interventionsAlong: [[Double]]
  /// `nil`: not asked for, or the policy has no gradients at its layers.
  package var layers: LayerRecord?
  /// Words of Fig. 5; `nil`: none were counted.
  package var figure5: WordRecord?

  /// In the file's order.
  enum CodingKeys: String, CodingKey {
    case config, checkpoint, step, optimizer
    case learningRate = "learning_rate"
    case rollouts, batches, tokens, intervals, figure1, figure3, bounds, interventions
    case interventionsAlong = "interventions_along"
    case layers, figure5
  }

  /// Panels of Fig. 1; means over batches, with spreads over them.
  package struct Figure1: Codable, Sendable {
    package var a: Distribution
    package var b: Advantages
    package var c: Change
    package var d: Norms
    /// Change when only the lowest interval is updated.
    package var e: Change
    /// Change when only the highest interval is updated.
    package var f: Change
  }

  /// Tokens by probability.
  package struct Distribution: Codable, Sendable {
    /// Each interval's share of the tokens.
    @NaNAsNull package var share: [Double]
    @NaNAsNull package var spread: [Double]
    /// Shares of twentieths of the probability.
    @NaNAsNull package var histogram: [Double]
  }

  /// Advantages of the tokens.
  package struct Advantages: Codable, Sendable {
    /// For each interval, the quantiles at `IntervalSummary.levels`.
    @NaNAsNull package var quantiles: [[Double]]
    @NaNAsNull package var mean: [Double]
  }

  /// Changes of the tokens' probability by an update.
  package struct Change: Codable, Sendable {
    /// For each interval, the quantiles at `IntervalSummary.levels`.
    @NaNAsNull package var quantiles: [[Double]]
    @NaNAsNull package var meanAbsolute: [Double]
    /// Of `meanAbsolute`, over batches.
    @NaNAsNull package var spread: [Double]

    enum CodingKeys: String, CodingKey {
      case quantiles
      case meanAbsolute = "mean_abs"
      case spread
    }
  }

  /// Gradient norms when one interval is updated alone.
  package struct Norms: Codable, Sendable {
    @NaNAsNull package var norm: [Double]
    @NaNAsNull package var spread: [Double]
    /// The norm when all tokens are updated.
    @NaNAsNull package var all: Double
  }

  /// Shares of an arm's tokens that one training step moved the way of their advantages.
  package struct ArmDirection: Codable, Sendable {
    package var arm: String
    @NaNAsNull package var positiveRose: [Double]
    @NaNAsNull package var negativeFell: [Double]
    @NaNAsNull package var correct: [Double]
    /// Of `correct`, over batches.
    @NaNAsNull package var spread: [Double]

    enum CodingKeys: String, CodingKey {
      case arm
      case positiveRose = "positive_rose"
      case negativeFell = "negative_fell"
      case correct, spread
    }
  }

  /// Levers over 1 − π against their bounds.
  package struct Bounds: Codable, Sendable {
    package var tokens: Int
    package var violations: Int
    /// The number of tokens that the policy knows.
    package var vocabulary: Int
    package var lower: Double
    package var upper: Double
    @NaNAsNull package var minimum: Double
    @NaNAsNull package var maximum: Double
    /// Tokens by equal bins from `lower` to `upper`.
    package var histogram: [Int]
    package var tolerance: Double
  }
}

/// The origin of the rollouts that were looked at.
package enum RolloutOrigin: String, Codable, Sendable {
  /// Written down by the run.
  case recorded
  /// Sampled for the microscope.
  case fresh
}
