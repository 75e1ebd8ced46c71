/// Holds the view that an objective gets: tokens of adjacent sequences of one mini-batch, scored by the current
/// policy.
///
/// The tokens are all of the sequences' or, for an objective that is tokenwise, those that take part
/// in the phase alone; a sequence may then have none.
///
/// - Shape: every column has one value (or K) for each of the slice's tokens. Columns that were not
///   declared are empty.
public struct ObjectiveInput: ~Escapable {
  /// The current policy's scores of the tokens.
  public let scores: TokenScores
  /// log π of the current policy.
  public let logProbabilities: Span<Float>
  /// Entropy of the current policy's distribution at each token.
  public let entropies: Span<Float>
  /// ‖∇_z log π‖ of the current policy at each token.
  public let levers: Span<Float>
  public let advantages: Span<Float>
  public let oldLogProbabilities: Span<Float>
  public let referenceLogProbabilities: Span<Float>
  private let columns: ColumnSlice
  /// The bounds of the slice's sequences, relative to `firstToken`.
  private let absoluteOffsets: Span<Int>
  private let firstToken: Int
  /// The place in the batch of the slice's first sequence.
  private let firstSequence: Int
  /// The batch's, or empty: all sequences are of one group.
  private let groupOffsets: Span<Int>
  /// The values that `SurveyingObjective.survey` returned, one for each of the slice's tokens; else empty.
  public let survey: Span<Float>
  /// The training step, from 1; 0: not known.
  public let step: UInt32
  /// Which of the step's optimiser steps this is for, from 0.
  public let update: UInt32
  private let sequenceShares: Span<Double>
  /// Completion tokens of the WHOLE mini-batch, of which this may be a part: the denominator of
  /// a token mean.
  public let minibatchTokenCount: Int
  /// Sequences of the whole mini-batch.
  public let minibatchSequenceCount: Int

  /// An input whose shares are those of a token mean, without a survey, of no step in particular, its
  /// sequences of one group.
  ///
  /// - Parameters:
  ///   - scores: what the current policy says of the tokens.
  ///   - advantages: one for each token.
  ///   - oldLogProbabilities: one for each token, or empty.
  ///   - referenceLogProbabilities: one for each token, or empty.
  ///   - offsets: one more than there are sequences, ascending; they may start anywhere.
  ///   - minibatchTokenCount: completion tokens of the whole mini-batch.
  ///   - minibatchSequenceCount: sequences of the whole mini-batch.
  @_lifetime(
    copy scores, copy advantages, copy oldLogProbabilities, copy referenceLogProbabilities,
    copy offsets)
  public init(
    scores: borrowing TokenScores, advantages: Span<Float>, oldLogProbabilities: Span<Float>,
    referenceLogProbabilities: Span<Float>, offsets: Span<Int>, minibatchTokenCount: Int,
    minibatchSequenceCount: Int
  ) {
    self.scores = copy scores
    logProbabilities = scores.logProbabilities
    entropies = scores.entropies
    levers = scores.levers
    self.advantages = advantages
    self.oldLogProbabilities = oldLogProbabilities
    self.referenceLogProbabilities = referenceLogProbabilities
    columns = ColumnSlice()
    absoluteOffsets = offsets
    firstToken = offsets[0]
    firstSequence = 0
    groupOffsets = Span()
    survey = Span()
    step = 0
    update = 0
    sequenceShares = Span()
    self.minibatchTokenCount = minibatchTokenCount
    self.minibatchSequenceCount = minibatchSequenceCount
  }

  /// An input with all that a run gives.
  ///
  /// - Parameters:
  ///   - scores: what the current policy says of the tokens.
  ///   - advantages: one for each token.
  ///   - columns: what was declared, for the slice's tokens.
  ///   - offsets: one more than there are sequences, ascending; they may start anywhere.
  ///   - firstSequence: the place in the batch of the slice's first sequence.
  ///   - groupOffsets: the batch's; empty: all sequences are of one group.
  ///   - minibatchTokenCount: completion tokens of the whole mini-batch.
  ///   - minibatchSequenceCount: sequences of the whole mini-batch.
  ///   - shares: for each sequence, how much each of its tokens counts in the objective; empty: as in
  ///     a token mean.
  ///   - survey: one for each token, or empty.
  ///   - step: the training step, from 1; 0: not known.
  ///   - update: which of the step's optimiser steps this is for, from 0.
  @_lifetime(
    copy scores, copy advantages, copy columns, copy offsets, copy groupOffsets, copy shares,
    copy survey)
  public init(
    scores: borrowing TokenScores, advantages: Span<Float>, columns: borrowing ColumnSlice,
    offsets: Span<Int>, firstSequence: Int, groupOffsets: Span<Int>, minibatchTokenCount: Int,
    minibatchSequenceCount: Int, shares: Span<Double>, survey: Span<Float>, step: UInt32,
    update: UInt32
  ) {
    self.scores = copy scores
    logProbabilities = scores.logProbabilities
    entropies = scores.entropies
    levers = scores.levers
    self.advantages = advantages
    oldLogProbabilities = columns.values(of: .oldLogProbabilities)
    referenceLogProbabilities = columns.values(of: .referenceLogProbabilities)
    self.columns = copy columns
    absoluteOffsets = offsets
    firstToken = offsets[0]
    self.firstSequence = firstSequence
    self.groupOffsets = groupOffsets
    sequenceShares = shares
    self.survey = survey
    self.step = step
    self.update = update
    self.minibatchTokenCount = minibatchTokenCount
    self.minibatchSequenceCount = minibatchSequenceCount
  }

  public var tokenCount: Int { logProbabilities.count }
  public var sequenceCount: Int { absoluteOffsets.count - 1 }

  /// The values of a declared column for the slice's tokens; the current policy's are its scores.
  ///
  /// - Throws: `.pluginFault` if no component declared the column, so that it was not computed.
  @_lifetime(copy self)
  public func column(_ column: Column) throws(FulcrumError) -> Span<Float> {
    if column.policy == .current {
      guard scores.has(column.statistic) else { throw Self.missing(column) }
      return try scores.values(of: column.statistic)
    }
    if column == .oldLogProbabilities, !oldLogProbabilities.isEmpty { return oldLogProbabilities }
    if column == .referenceLogProbabilities, !referenceLogProbabilities.isEmpty {
      return referenceLogProbabilities
    }
    guard tokenCount == 0 || columns.has(column) else { throw Self.missing(column) }
    return columns.values(of: column)
  }

  private static func missing(_ column: Column) -> FulcrumError {
    FulcrumError(
      .pluginFault, "column \(column.name) was not computed",
      hint: "name it in the component's 'needs'")
  }

  /// The factor of each of a sequence's tokens in the objective: J = Σ share · (the token's term).
  ///
  /// The configuration's aggregation decides it, the same for every objective. With N tokens and S
  /// sequences in the mini-batch and n tokens in the sequence: 1/N for a token mean, 1/(S·n) for a
  /// mean over sequences of their token means, 1/S for a mean over sequences of their token sums,
  /// 1/(S·L) for the same over a fixed length L. 0 for a sequence that is masked.
  public func share(ofSequence sequence: Int) -> Double {
    sequenceShares.isEmpty ? 1 / Double(minibatchTokenCount) : sequenceShares[sequence]
  }

  /// The places of a sequence's tokens in the columns; `sequence` counts from 0 in this slice.
  public func tokens(ofSequence sequence: Int) -> Range<Int> {
    absoluteOffsets[sequence] - firstToken..<absoluteOffsets[sequence + 1] - firstToken
  }
}

/// The groups of completions that share a prompt.
extension ObjectiveInput {
  /// The batch's groups that the slice has sequences of, in order.
  public var groups: Range<Int> {
    guard sequenceCount > 0 else { return 0..<0 }
    return group(ofSequence: 0)..<group(ofSequence: sequenceCount - 1) + 1
  }

  /// The group, by its number in the batch, of a sequence of this slice. O(log groups).
  public func group(ofSequence sequence: Int) -> Int {
    var low = 0
    var high = max(1, groupOffsets.count - 1)
    while high - low > 1 {
      let middle = (low + high) / 2
      if groupOffsets[middle] <= firstSequence + sequence { low = middle } else { high = middle }
    }
    return low
  }

  /// The slice's sequences of a group: all of the group's in a survey, else maybe some.
  public func sequences(ofGroup group: Int) -> Range<Int> {
    guard !groupOffsets.isEmpty else { return 0..<sequenceCount }
    let first = min(max(groupOffsets[group] - firstSequence, 0), sequenceCount)
    return first..<min(max(groupOffsets[group + 1] - firstSequence, first), sequenceCount)
  }

  /// Whether the slice has every sequence of a group.
  public func isWhole(group: Int) -> Bool {
    groupOffsets.isEmpty
      || sequences(ofGroup: group).count == groupOffsets[group + 1] - groupOffsets[group]
  }
}
