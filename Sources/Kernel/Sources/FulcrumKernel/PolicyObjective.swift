/// What an objective sees: adjacent sequences of one mini-batch, scored by the current policy.
///
/// - Shape: every column has one value for each of the slice's tokens; `offsets` has one more
///   element than the slice has sequences. Columns that were not declared are empty.
public struct ObjectiveInput: ~Escapable {
  /// log π of the current policy.
  public let logProbabilities: Span<Float>
  /// Entropy of the current policy's distribution at each token.
  public let entropies: Span<Float>
  /// ‖∇_z log π‖ of the current policy at each token.
  public let levers: Span<Float>
  public let advantages: Span<Float>
  public let oldLogProbabilities: Span<Float>
  public let referenceLogProbabilities: Span<Float>
  /// Where each of the slice's sequences begins and ends, relative to `firstToken`.
  private let absoluteOffsets: Span<Int>
  private let firstToken: Int
  /// What `PolicyObjective.survey` returned, one for each of the slice's tokens; else empty.
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

  /// An input whose shares are those of a token mean, without a survey, of no step in particular.
  ///
  /// - Parameter offsets: one more than there are sequences, ascending; they may start anywhere.
  @_lifetime(
    copy scores, copy advantages, copy oldLogProbabilities, copy referenceLogProbabilities,
    copy offsets)
  public init(
    scores: borrowing TokenScores, advantages: Span<Float>, oldLogProbabilities: Span<Float>,
    referenceLogProbabilities: Span<Float>, offsets: Span<Int>, minibatchTokenCount: Int,
    minibatchSequenceCount: Int
  ) {
    logProbabilities = scores.logProbabilities
    entropies = scores.entropies
    levers = scores.levers
    self.advantages = advantages
    self.oldLogProbabilities = oldLogProbabilities
    self.referenceLogProbabilities = referenceLogProbabilities
    absoluteOffsets = offsets
    firstToken = offsets[0]
    survey = Span()
    step = 0
    update = 0
    sequenceShares = Span()
    self.minibatchTokenCount = minibatchTokenCount
    self.minibatchSequenceCount = minibatchSequenceCount
  }

  /// - Parameters:
  ///   - offsets: one more than there are sequences, ascending; they may start anywhere.
  ///   - shares: for each sequence, how much each of its tokens counts in the objective.
  ///   - survey: one for each token, or empty.
  ///   - update: which of the step's optimiser steps this is for, from 0.
  @_lifetime(
    copy scores, copy advantages, copy oldLogProbabilities, copy referenceLogProbabilities,
    copy offsets, copy shares, copy survey)
  public init(
    scores: borrowing TokenScores, advantages: Span<Float>, oldLogProbabilities: Span<Float>,
    referenceLogProbabilities: Span<Float>, offsets: Span<Int>, minibatchTokenCount: Int,
    minibatchSequenceCount: Int, shares: Span<Double>, survey: Span<Float>, step: UInt32,
    update: UInt32
  ) {
    logProbabilities = scores.logProbabilities
    entropies = scores.entropies
    levers = scores.levers
    self.advantages = advantages
    self.oldLogProbabilities = oldLogProbabilities
    self.referenceLogProbabilities = referenceLogProbabilities
    absoluteOffsets = offsets
    firstToken = offsets[0]
    sequenceShares = shares
    self.survey = survey
    self.step = step
    self.update = update
    self.minibatchTokenCount = minibatchTokenCount
    self.minibatchSequenceCount = minibatchSequenceCount
  }

  public var tokenCount: Int { logProbabilities.count }
  public var sequenceCount: Int { absoluteOffsets.count - 1 }

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

/// Named means, collected piece by piece: the value of a metric is its sum over its count.
public struct MetricSums: Sendable {
  public private(set) var entries: [String: (sum: Double, count: Double)] = [:]

  public init() {}

  /// Adds `count` observations that sum to `sum`.
  public mutating func add(_ name: String, sum: Double, count: Int) {
    let old = entries[name] ?? (0, 0)
    entries[name] = (old.sum + sum, old.count + Double(count))
  }

  /// `nil` if nothing was observed under this name.
  public func mean(_ name: String) -> Double? {
    guard let entry = entries[name], entry.count > 0 else { return nil }
    return entry.sum / entry.count
  }
}

/// Gives each token its weight on ∇ log π: the paper's equation (2).
///
/// Every objective J of this family has ∇J = Σ_tokens w ∇ log π(token). The policy accumulates that
/// sum; the objective never sees parameters.
public protocol PolicyObjective: Component {
  /// The columns that `weigh` reads beside the current scores; the host computes no others.
  var needs: Set<Column> { get }

  /// Writes each token's weight and its part of the loss.
  ///
  /// - Parameters:
  ///   - input: some adjacent sequences of a mini-batch. Denominators are the mini-batch's.
  ///   - weights: to be set to w = ∂J/∂log π(token), normalisation included: multiply by
  ///     `input.share(ofSequence:)`. Zero on entry.
  ///   - losses: to be set to the token's part of −J, so that they sum to the loss. Zero on entry.
  ///   - metrics: named means, for instance `clip_ratio/region_mean`.
  func weigh(
    _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout MutableSpan<Float>, metrics: inout MetricSums) throws(FulcrumError)

  /// Whether `weighEntropy` is to be called after `weigh`.
  var weighsEntropy: Bool { get }

  /// Writes each token's weight v = ∂J/∂H on the entropy of the distribution it was drawn from, and
  /// its part of the loss.
  ///
  /// - Parameters: as `weigh`'s; `losses` are zero on entry and are added to those of `weigh`.
  func weighEntropy(
    _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout MutableSpan<Float>, metrics: inout MetricSums) throws(FulcrumError)

  /// Whether `survey` is to be called before a mini-batch is weighed. It costs a forward pass.
  var surveysMinibatch: Bool { get }

  /// Looks at a whole mini-batch, for an objective that compares its tokens with each other.
  ///
  /// - Parameter minibatch: all sequences of the mini-batch, with its current scores.
  /// - Returns: one number for each token, for the objective's own use: `weigh` finds them in
  ///   `ObjectiveInput.survey`. The host checks their count.
  func survey(_ minibatch: borrowing ObjectiveInput) throws(FulcrumError) -> [Float]
}

extension PolicyObjective {
  public var needs: Set<Column> { [] }
  public var weighsEntropy: Bool { false }
  public var surveysMinibatch: Bool { false }

  public func weighEntropy(
    _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout MutableSpan<Float>, metrics: inout MetricSums
  ) throws(FulcrumError) {}

  public func survey(_ minibatch: borrowing ObjectiveInput) throws(FulcrumError) -> [Float] {
    [Float](repeating: 0, count: minibatch.tokenCount)
  }
}
