/// A per-token column of a rollout batch that a component can declare as a need.
public enum Column: String, Sendable, CaseIterable {
  /// log π as the sampler recorded it, at the rollout temperature.
  case rolloutLogProbabilities = "rollout-log-probabilities"
  /// log π of the policy before the step's first update, at the rollout temperature.
  case oldLogProbabilities = "old-log-probabilities"
  /// log π of the frozen reference policy, at the rollout temperature.
  case referenceLogProbabilities = "reference-log-probabilities"
  /// Entropy of the old policy's distribution at each token, in nats.
  case entropies
  /// ‖∇_z log π‖ = ‖e_token − π‖₂ of the old policy at each token (arXiv 2505.12929, equation 3).
  case levers
}

/// One step's completions with their rewards and the columns that some component declared.
///
/// - Shape: rewards and `isFinished` are per sequence; columns are flat over the completion
///   tokens, in the order of `sequences.tokens`.
/// - Unit: log-probabilities and entropies in nats.
public struct RolloutBatch: Sendable {
  public let sequences: SequenceBatch
  private let rewardStorage: [Float]
  private let finishedStorage: [Bool]
  private let rolloutLogProbabilities: [Float]
  private let oldLogProbabilities: [Float]
  private let referenceLogProbabilities: [Float]
  private let entropies: [Float]
  private let levers: [Float]
  private let minibatchStorage: [Int]
  /// The training step, from 1; 0: not known. For draws that must differ from step to step.
  public let step: UInt32

  /// A batch that is one mini-batch, of no step in particular.
  ///
  /// - Parameters:
  ///   - isFinished: whether each sequence ended by itself; `nil`: all did.
  ///   - columns: each flat over the completion tokens; others are absent.
  /// - Precondition: lengths as the shapes above say.
  public init(
    sequences: SequenceBatch, rewards: [Float], isFinished: [Bool]? = nil,
    columns: [Column: [Float]] = [:]
  ) {
    self.init(
      sequences: sequences, rewards: rewards, isFinished: isFinished, columns: columns, step: 0,
      minibatchOffsets: [0, sequences.sequenceCount])
  }

  /// - Parameters:
  ///   - isFinished: whether each sequence ended by itself; `nil`: all did.
  ///   - columns: each flat over the completion tokens; others are absent.
  ///   - step: the training step, from 1.
  ///   - minibatchOffsets: where each mini-batch's sequences begin, and where the last one ends.
  /// - Precondition: lengths as the shapes above say; offsets ascend from 0 to the sequences' number.
  public init(
    sequences: SequenceBatch, rewards: [Float], isFinished: [Bool]?, columns: [Column: [Float]],
    step: UInt32, minibatchOffsets: [Int]
  ) {
    precondition(
      minibatchOffsets.first == 0 && minibatchOffsets.last == sequences.sequenceCount,
      "mini-batches cover the sequences")
    self.step = step
    minibatchStorage = minibatchOffsets
    precondition(rewards.count == sequences.sequenceCount, "one reward for each sequence")
    let finished = isFinished ?? Array(repeating: true, count: sequences.sequenceCount)
    precondition(finished.count == sequences.sequenceCount, "one flag for each sequence")
    for (column, values) in columns {
      precondition(
        values.count == sequences.tokenCount,
        "\(column.rawValue) has \(values.count) values for \(sequences.tokenCount) tokens")
    }
    self.sequences = sequences
    rewardStorage = rewards
    finishedStorage = finished
    rolloutLogProbabilities = columns[.rolloutLogProbabilities] ?? []
    oldLogProbabilities = columns[.oldLogProbabilities] ?? []
    referenceLogProbabilities = columns[.referenceLogProbabilities] ?? []
    entropies = columns[.entropies] ?? []
    levers = columns[.levers] ?? []
  }

  /// The reward of each sequence, after weighting if there are several reward functions.
  public var rewards: Span<Float> { @_lifetime(borrow self) get { rewardStorage.span } }

  /// `M + 1` offsets into the sequences: the update's mini-batches, each of whole groups.
  public var minibatchOffsets: Span<Int> { @_lifetime(borrow self) get { minibatchStorage.span } }

  /// Whether each sequence ended by itself, not at the length limit.
  public var isFinished: Span<Bool> { @_lifetime(borrow self) get { finishedStorage.span } }

  /// The values of a declared column, one for each completion token.
  ///
  /// - Throws: `.pluginFault` if no component declared the column, so that it was not computed.
  @_lifetime(borrow self)
  public func column(_ column: Column) throws(FulcrumError) -> Span<Float> {
    guard has(column) else {
      throw FulcrumError(
        .pluginFault, "column \(column.rawValue) was not computed",
        hint: "name it in the component's 'needs'")
    }
    switch column {
    case .rolloutLogProbabilities: return rolloutLogProbabilities.span
    case .oldLogProbabilities: return oldLogProbabilities.span
    case .referenceLogProbabilities: return referenceLogProbabilities.span
    case .entropies: return entropies.span
    case .levers: return levers.span
    }
  }

  /// The whole return of a sequence, as a transform finds it: what the chain has at its first token,
  /// where a charge on any of its tokens has arrived; its reward if it has no tokens.
  ///
  /// - Parameter advantages: the chain's values, one for each completion token.
  public func wholeReturn(ofSequence sequence: Int, in advantages: Span<Float>) -> Double {
    let tokens = sequences.tokens(ofSequence: sequence)
    return Double(tokens.isEmpty ? rewardStorage[sequence] : advantages[tokens.lowerBound])
  }

  /// Whether the column was computed.
  public func has(_ column: Column) -> Bool {
    let count =
      switch column {
      case .rolloutLogProbabilities: rolloutLogProbabilities.count
      case .oldLogProbabilities: oldLogProbabilities.count
      case .referenceLogProbabilities: referenceLogProbabilities.count
      case .entropies: entropies.count
      case .levers: levers.count
      }
    return count == sequences.tokenCount
  }
}
