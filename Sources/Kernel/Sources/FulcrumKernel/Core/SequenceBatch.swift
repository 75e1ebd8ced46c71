/// Token sequences as a structure of arrays: prompts, and the completions that share them.
///
/// - Shape: `G` groups (prompts), `S` sequences (completions), `T` completion tokens. The
///   sequences of a group are adjacent and groups are in order. Columns elsewhere are flat over
///   the `T` completion tokens, in this order; there is no padding and so no mask.
public struct SequenceBatch: Sendable {
  private let promptStorage: [Int32]
  private let promptOffsetStorage: [Int]
  private let tokenStorage: [Int32]
  private let offsetStorage: [Int]
  private let groupOffsetStorage: [Int]

  /// - Parameters:
  ///   - prompts: the tokens of each group's prompt.
  ///   - completions: for each group, the tokens of each of its completions.
  /// - Precondition: as many groups of completions as prompts.
  public init(prompts: [[Int32]], completions: [[[Int32]]]) {
    precondition(prompts.count == completions.count, "one group of completions for each prompt")
    promptStorage = prompts.flatMap(\.self)
    promptOffsetStorage = Self.offsets(prompts.map(\.count))
    tokenStorage = completions.flatMap { $0.flatMap(\.self) }
    offsetStorage = Self.offsets(completions.flatMap { $0.map(\.count) })
    groupOffsetStorage = Self.offsets(completions.map(\.count))
  }

  public var groupCount: Int { groupOffsetStorage.count - 1 }
  public var sequenceCount: Int { offsetStorage.count - 1 }
  /// Completion tokens, over all sequences.
  public var tokenCount: Int { tokenStorage.count }

  /// The prompts' tokens, one after another: `[promptOffsets[g]..<promptOffsets[g + 1]]` is
  /// group g's.
  public var promptTokens: Span<Int32> { @_lifetime(borrow self) get { promptStorage.span } }
  /// `G + 1` offsets into `promptTokens`.
  public var promptOffsets: Span<Int> { @_lifetime(borrow self) get { promptOffsetStorage.span } }
  /// The completions' tokens, one after another.
  public var tokens: Span<Int32> { @_lifetime(borrow self) get { tokenStorage.span } }
  /// `S + 1` offsets into `tokens` and into every column.
  public var offsets: Span<Int> { @_lifetime(borrow self) get { offsetStorage.span } }
  /// `G + 1` offsets into the sequences.
  public var groupOffsets: Span<Int> { @_lifetime(borrow self) get { groupOffsetStorage.span } }

  /// The sequences that share prompt `group`.
  public func sequences(ofGroup group: Int) -> Range<Int> {
    groupOffsetStorage[group]..<groupOffsetStorage[group + 1]
  }

  /// The places of a sequence's tokens in `tokens` and in every column.
  public func tokens(ofSequence sequence: Int) -> Range<Int> {
    offsetStorage[sequence]..<offsetStorage[sequence + 1]
  }

  /// The places of the tokens of adjacent sequences.
  public func tokens(ofSequences sequences: Range<Int>) -> Range<Int> {
    offsetStorage[sequences.lowerBound]..<offsetStorage[sequences.upperBound]
  }

  /// The group that a sequence belongs to. O(log G).
  public func group(ofSequence sequence: Int) -> Int {
    Self.part(of: sequence, by: groupOffsetStorage)
  }

  /// The sequence that a token belongs to, by its place in `tokens`. O(log S).
  public func sequence(ofToken token: Int) -> Int { Self.part(of: token, by: offsetStorage) }

  /// The last part that begins at the place or before it.
  private static func part(of place: Int, by offsets: [Int]) -> Int {
    var low = 0
    var high = offsets.count - 1
    while high - low > 1 {
      let middle = (low + high) / 2
      if offsets[middle] <= place { low = middle } else { high = middle }
    }
    return low
  }

  private static func offsets(_ counts: [Int]) -> [Int] {
    var offsets = [0]
    offsets.reserveCapacity(counts.count + 1)
    for count in counts { offsets.append(offsets[offsets.count - 1] + count) }
    return offsets
  }
}
