/// One step's completions with their rewards and the columns that some component declared.
///
/// - Shape: rewards and `isFinished` are per sequence; columns are flat over the completion
///   tokens, in the order of `sequences.tokens`, with one value for each token, or K.
/// - Unit: log-probabilities and entropies in nats.
public struct RolloutBatch: Sendable {
  public let sequences: SequenceBatch
  /// The columns that were computed.
  public let columns: ColumnStore
  private let rewardStorage: [Float]
  private let finishedStorage: [Bool]
  private let minibatchStorage: [Int]
  /// The training step, from 1; 0: not known. For draws that must differ from step to step.
  public let step: UInt32

  /// A batch that is one mini-batch, of no step in particular.
  ///
  /// - Parameters:
  ///   - sequences: the prompts and their completions.
  ///   - rewards: one for each sequence.
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
  ///   - sequences: the prompts and their completions.
  ///   - rewards: one for each sequence.
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
    var store = ColumnStore(tokenCount: sequences.tokenCount)
    for (column, values) in columns { store.set(column, values) }
    self.sequences = sequences
    self.columns = store
    rewardStorage = rewards
    finishedStorage = finished
  }

  /// The reward of each sequence, after weighting if there are several reward functions.
  public var rewards: Span<Float> { @_lifetime(borrow self) get { rewardStorage.span } }

  /// `M + 1` offsets into the sequences: the update's mini-batches, each of whole groups.
  public var minibatchOffsets: Span<Int> { @_lifetime(borrow self) get { minibatchStorage.span } }

  /// Whether each sequence ended by itself, not at the length limit.
  public var isFinished: Span<Bool> { @_lifetime(borrow self) get { finishedStorage.span } }

  /// The values of a declared column: `width` of its statistic for each completion token.
  ///
  /// - Throws: `.pluginFault` if no component declared the column, so that it was not computed.
  @_lifetime(borrow self)
  public func column(_ column: Column) throws(FulcrumError) -> Span<Float> {
    guard has(column) else {
      throw FulcrumError(
        .pluginFault, "column \(column.name) was not computed",
        hint: "name it in the component's 'needs'")
    }
    return columns.values(of: column)
  }

  /// The whole return of a sequence, as a transform finds it: what the chain has at its first token,
  /// where a charge on any of its tokens has arrived; its reward if it has no tokens.
  ///
  /// - Parameters:
  ///   - sequence: its number in the batch.
  ///   - advantages: the chain's values, one for each completion token.
  public func wholeReturn(ofSequence sequence: Int, in advantages: Span<Float>) -> Double {
    let tokens = sequences.tokens(ofSequence: sequence)
    return Double(tokens.isEmpty ? rewardStorage[sequence] : advantages[tokens.lowerBound])
  }

  /// Whether the column was computed. A batch without tokens has every column.
  public func has(_ column: Column) -> Bool {
    sequences.tokenCount == 0 || columns.has(column)
  }
}
