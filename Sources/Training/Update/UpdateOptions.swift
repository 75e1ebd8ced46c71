import FulcrumKernel

/// The settings of an update that are no component's.
package struct UpdateOptions: Sendable {
  /// Divides the logits, as in the rollout.
  package var temperature: Float = 1
  /// Prompts for each optimiser step.
  package var minibatchPrompts: Int
  /// μ: how often each batch is gone through.
  package var iterations = 1
  package var aggregation = Aggregation(.tokenMean)
  /// Whether completions cut at the length limit are left out of updates.
  package var masksTruncated = false
  package var recomputesOldLogProbabilities = false
  /// Share of the completions that are scored again after the update, to see where their tokens
  /// went; 0: none.
  package var probedShare = 0.0
  /// The largest |log π in training − log π as sampled| of a token that is no fault, in nats; `nil`:
  /// the batch is another policy's.
  package var differenceLimit: Double? = 0.01

  package init(minibatchPrompts: Int) { self.minibatchPrompts = minibatchPrompts }
}
