import FulcrumKernel

/// Holds the settings of an update that belong to no component.
package struct UpdateOptions: Sendable {
  /// Divides the logits, as in the rollout.
  package var temperature: Float = 1
  /// The number of prompts for each optimiser step.
  package var minibatchPrompts: Int
  /// μ: the number of passes over each batch.
  package var iterations = 1
  package var aggregation = Aggregation(.tokenMean)
  /// Whether completions cut at the length limit are left out of updates.
  package var masksTruncated = false
  package var recomputesOldLogProbabilities = false
  /// The share of the completions that are scored again after the update, to measure the direction
  /// in which their tokens moved; 0: none.
  package var probedShare = 0.0
  /// The largest |log π in training − log π as sampled| of a token that is no fault, in nats;
  /// `nil`: another policy or program sampled the batch.
  package var differenceLimit: Double? = 0.01
  /// The largest mean of it over tokens that is no fault; `nil`: any.
  package var meanDifferenceLimit: Double?

  package init(minibatchPrompts: Int) { self.minibatchPrompts = minibatchPrompts }
}
