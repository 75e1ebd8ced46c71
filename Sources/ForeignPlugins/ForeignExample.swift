import FulcrumKernel

/// A worked example of a foreign function, its input and its output: the proof that the manifest is
/// right.
struct ForeignExample: Sendable {
  /// The input that the function is called with.
  enum Given: Sendable {
    case sample(RewardSample)
    case batch(ExampleBatch)
  }

  /// The output that it must give, by the name of the array: `advantages`; `weights` and `losses`; `reward`;
  /// or for schedules the phases' names.
  struct Expectation: Sendable {
    let name: String
    let values: [Double]
  }

  let given: Given
  /// The parameters that the example sets; the others have their defaults.
  let parameters: [String: ParameterValue]
  let seed: UInt64
  let expectations: [Expectation]
  /// The greatest difference from what is expected.
  let tolerance: Double
  /// The line of the manifest that it begins on, from 1.
  let line: Int?

  /// The difference that is not the function's fault: a `float` holds seven digits.
  static let defaultTolerance = 1e-6
}

/// The data of a batch, or of an objective's slice, in an example.
struct ExampleBatch: Sendable {
  /// The tokens of each sequence.
  let lengths: [Int]
  /// The sequences of each group.
  let groups: [Int]
  /// The sequences of each mini-batch.
  let minibatches: [Int]
  /// Every array that the example gives, by what it can be bound to.
  let arrays: [ForeignQuantity: [Double]]
  let step: UInt32
  let update: UInt32
  /// The tokens of the whole mini-batch that a slice is part of.
  let minibatchTokenCount: Int
  /// The sequences of the whole mini-batch that a slice is part of.
  let minibatchSequenceCount: Int

  var tokenCount: Int { lengths.reduce(0, +) }

  /// Returns an array as the kernel has it; `other` where the example gives none.
  func floats(_ quantity: ForeignQuantity, count: Int, else other: Float = 0) -> [Float] {
    arrays[quantity]?.map { Float($0) } ?? [Float](repeating: other, count: count)
  }

  /// The batch that a transform or a schedule sees.
  var rolloutBatch: RolloutBatch {
    var tokens = (arrays[.tokens] ?? [Double](repeating: 0, count: tokenCount))
      .map { Int32($0) }[...]
    var completions: [[[Int32]]] = []
    var sequence = 0
    for count in groups {
      completions.append(
        lengths[sequence..<sequence + count].map { length in
          defer { tokens = tokens.dropFirst(length) }
          return Array(tokens.prefix(length))
        })
      sequence += count
    }
    return RolloutBatch(
      sequences: SequenceBatch(
        prompts: groups.map { _ in [0] }, completions: completions),
      rewards: floats(.rewards, count: lengths.count),
      isFinished: arrays[.isFinished]?.map { $0 != 0 }, columns: columns(of: .advantageTransform),
      step: step,
      minibatchOffsets: minibatches.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) })
  }

  /// Returns the columns that a component of a kind is given.
  func columns(of kind: RegisteredComponent.Kind) -> [Column: [Float]] {
    var columns: [Column: [Float]] = [:]
    for (quantity, values) in arrays {
      if let column = quantity.column(for: kind) { columns[column] = values.map { Float($0) } }
    }
    return columns
  }
}
