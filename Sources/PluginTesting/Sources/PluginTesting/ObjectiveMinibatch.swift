import FulcrumKernel

/// A mini-batch for an objective, to be weighed whole or in pieces, as the trainer does it.
///
/// ```swift
/// var minibatch = ObjectiveMinibatch.random(seed: 1)
/// minibatch.shares = minibatch.lengths.map { $0 == 0 ? 0 : 1 / Double($0) }
/// let result = try minibatch.weighed(by: objective)
/// ```
///
/// - Shape: columns are flat over the tokens, with one value for each; reference and survey may be
///   empty. `shares` has one for each sequence.
public struct ObjectiveMinibatch: Sendable {
  /// log π of the current policy.
  public var current: [Float]
  /// log π before the step; empty: not declared as needed.
  public var old: [Float]
  /// log π of the reference; empty: not declared as needed.
  public var reference: [Float]
  public var advantages: [Float]
  public var entropies: [Float]
  public var levers: [Float]
  /// Where sequences begin and end: one more than there are sequences, from 0.
  public var offsets: [Int]
  /// How much each token of a sequence counts; empty: 1 / tokens, which is a token mean.
  public var shares: [Double] = []
  public var step: UInt32 = 1
  public var update: UInt32 = 0

  /// A mini-batch whose entropies and levers are zeros.
  ///
  /// - Parameter lengths: of the sequences; `nil`: all tokens are one.
  /// - Precondition: columns have as many values as the lengths add up to, or none where they may.
  public init(
    current: [Float], old: [Float] = [], reference: [Float] = [], advantages: [Float],
    lengths: [Int]? = nil
  ) {
    self.current = current
    self.old = old
    self.reference = reference
    self.advantages = advantages
    entropies = [Float](repeating: 0, count: current.count)
    levers = entropies
    offsets = [0]
    for length in lengths ?? [current.count] { offsets.append(offsets[offsets.count - 1] + length) }
    precondition(offsets[offsets.count - 1] == current.count, "lengths add up to the tokens")
  }

  public var tokenCount: Int { current.count }
  public var sequenceCount: Int { offsets.count - 1 }
  public var lengths: [Int] { (0..<sequenceCount).map { offsets[$0 + 1] - offsets[$0] } }

  /// Without the columns that an objective doesn't declare.
  public func keeping(_ columns: Set<Column>) -> ObjectiveMinibatch {
    var copy = self
    if !columns.contains(.oldLogProbabilities) { copy.old = [] }
    if !columns.contains(.referenceLogProbabilities) { copy.reference = [] }
    return copy
  }

  /// What an objective said of a mini-batch, one value for each token.
  public struct Result: Sendable {
    /// What `weigh` set.
    public var weights: [Float] = []
    public var losses: [Float] = []
    /// What `weighEntropy` set; zeros if the objective has none.
    public var entropyWeights: [Float] = []
    public var entropyLosses: [Float] = []
    public var metrics = MetricSums()
    /// What `survey` returned; empty if it was not called.
    public var survey: [Float] = []

    /// Of both parts: the mini-batch's −J.
    public var loss: Double {
      losses.reduce(0) { $0 + Double($1) } + entropyLosses.reduce(0) { $0 + Double($1) }
    }
  }

  /// Surveys the whole if the objective asks for it, then weighs it.
  ///
  /// - Parameters:
  ///   - pieces: runs of adjacent sequences, weighed one after the other; `nil`: all at once.
  ///   - survey: to be used instead of asking the objective.
  /// - Throws: what the objective throws; `.pluginFault` for a survey of another length.
  public func weighed(
    by objective: any PolicyObjective, in pieces: [Range<Int>]? = nil, survey given: [Float]? = nil
  ) throws(FulcrumError) -> Result {
    var result = Result()
    if let given {
      result.survey = given
    } else if objective.surveysMinibatch {
      result.survey = try surveyed(by: objective)
    }
    for piece in pieces ?? [0..<sequenceCount] {
      let count = offsets[piece.upperBound] - offsets[piece.lowerBound]
      var weights = [Float](repeating: 0, count: count)
      var losses = weights
      var entropyWeights = weights
      var entropyLosses = weights
      try withInput(of: piece, survey: result.survey) { (input) throws(FulcrumError) in
        var weightSpan = weights.mutableSpan
        var lossSpan = losses.mutableSpan
        try objective.weigh(
          input, weights: &weightSpan, losses: &lossSpan, metrics: &result.metrics)
        guard objective.weighsEntropy else { return }
        var entropyWeightSpan = entropyWeights.mutableSpan
        var entropyLossSpan = entropyLosses.mutableSpan
        try objective.weighEntropy(
          input, weights: &entropyWeightSpan, losses: &entropyLossSpan, metrics: &result.metrics)
      }
      result.weights += weights
      result.losses += losses
      result.entropyWeights += entropyWeights
      result.entropyLosses += entropyLosses
    }
    return result
  }

  /// What the objective's survey says of the whole.
  ///
  /// - Throws: what the objective throws; `.pluginFault` for another number of values than tokens.
  public func surveyed(by objective: any PolicyObjective) throws(FulcrumError) -> [Float] {
    let survey = try withInput(of: 0..<sequenceCount, survey: []) {
      (input) throws(FulcrumError) in try objective.survey(input)
    }
    guard survey.count == tokenCount else {
      throw FulcrumError(
        .pluginFault, "expected a survey of \(tokenCount) tokens, got \(survey.count) values")
    }
    return survey
  }

  /// Calls `body` with adjacent sequences of the mini-batch.
  ///
  /// - Parameter survey: of the whole mini-batch, or empty.
  public func withInput<Value>(
    of sequences: Range<Int>, survey: [Float] = [],
    _ body: (borrowing ObjectiveInput) throws(FulcrumError) -> Value
  ) throws(FulcrumError) -> Value {
    let tokens = offsets[sequences.lowerBound]..<offsets[sequences.upperBound]
    func part(_ values: [Float]) -> Range<Int> { values.isEmpty ? 0..<0 : tokens }
    let scores = TokenScores(
      logProbabilities: current.span.extracting(tokens),
      entropies: entropies.span.extracting(tokens), levers: levers.span.extracting(tokens))
    let input = ObjectiveInput(
      scores: scores, advantages: advantages.span.extracting(tokens),
      oldLogProbabilities: old.span.extracting(part(old)),
      referenceLogProbabilities: reference.span.extracting(part(reference)),
      offsets: offsets.span.extracting(sequences.lowerBound..<sequences.upperBound + 1),
      minibatchTokenCount: tokenCount, minibatchSequenceCount: sequenceCount,
      shares: shares.span.extracting(shares.isEmpty ? 0..<0 : sequences),
      survey: survey.span.extracting(part(survey)), step: step, update: update)
    return try body(input)
  }
}
