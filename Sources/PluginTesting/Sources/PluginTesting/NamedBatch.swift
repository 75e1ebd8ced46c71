import FulcrumKernel

/// A batch with the name that messages call it by.
struct NamedBatch: Sendable {
  let name: String
  let batch: RolloutBatch

  static var handSized: NamedBatch {
    NamedBatch(name: "the hand-sized batch", batch: SampleBatches.handSized)
  }
  static var ragged: NamedBatch {
    NamedBatch(name: "the ragged batch", batch: SampleBatches.ragged)
  }
  static var twoMinibatches: NamedBatch {
    NamedBatch(name: "a batch of two mini-batches", batch: SampleBatches.twoMinibatches)
  }
  static var extreme: NamedBatch {
    NamedBatch(name: "a batch of extreme values", batch: SampleBatches.extreme)
  }

  static var noTokens: NamedBatch {
    NamedBatch(name: "a batch without tokens", batch: SampleBatches.noTokens)
  }
  static var oneToken: NamedBatch {
    NamedBatch(name: "a batch of one token", batch: SampleBatches.oneToken)
  }
  /// All completions of a step are right, or all wrong.
  static var equalRewards: NamedBatch {
    let made = SampleBatches.random(seed: 10, lengths: [[3, 2], [1, 4], [2]])
    return NamedBatch(
      name: "a batch of equal rewards",
      batch: RolloutBatch(
        sequences: made.sequences, rewards: made.rewards.indices.map { _ in 1 },
        isFinished: nil, columns: made.columnValues, step: 1,
        minibatchOffsets: [0, made.sequences.sequenceCount]))
  }

  static func random(_ seed: UInt64) -> NamedBatch {
    NamedBatch(
      name: "random batch \(seed)",
      batch: SampleBatches.random(seed: seed, lengths: [[4, 1, 9], [2, 2, 6], [5, 3, 8]]))
  }

  static var empty: [NamedBatch] {
    [
      NamedBatch(name: "a batch without prompts", batch: SampleBatches.empty),
      NamedBatch(name: "a batch of prompts without completions", batch: SampleBatches.emptyGroups),
    ]
  }

  /// With which the answers of instances are compared.
  static var probes: [NamedBatch] { [handSized, ragged, twoMinibatches, random(4), random(5)] }
}
