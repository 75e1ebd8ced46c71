import FulcrumKernel

/// A mini-batch for an objective, to be weighed whole or in pieces, as the trainer does it.
///
/// ```swift
/// var minibatch = ObjectiveMinibatch.random(seed: 1)
/// minibatch.shares = minibatch.lengths.map { $0 == 0 ? 0 : 1 / Double($0) }
/// let result = try minibatch.weighed(by: objective)
/// ```
///
/// - Shape: columns are flat over the tokens, with one value for each, or K; reference and survey may
///   be empty. `shares` has one for each sequence.
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
  /// The other columns that were declared; those of the current policy are what it says now.
  public var columns: [Column: [Float]] = [:]
  /// The bounds of sequences: one more than there are sequences, from 0.
  public var offsets: [Int]
  /// The bounds of groups of sequences; empty: all sequences are of one.
  public var groupOffsets: [Int] = []
  /// The share of each token of a sequence; empty: 1 / tokens, which is a token mean.
  public var shares: [Double] = []
  public var step: UInt32 = 1
  public var update: UInt32 = 0

  /// A mini-batch whose entropies and levers are zeros.
  ///
  /// - Parameters:
  ///   - current: log π of each token, of the policy that is updated.
  ///   - old: log π of the policy before the step; may be empty.
  ///   - reference: log π of the reference; may be empty.
  ///   - advantages: one for each token.
  ///   - lengths: of the sequences; `nil`: all tokens are one.
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

  /// Without the columns that an objective doesn't declare. One that it does and that is not there is
  /// made up: plausible values, functions of each token's log π.
  public func keeping(_ needs: Set<Column>) -> ObjectiveMinibatch {
    var copy = self
    if !needs.contains(.oldLogProbabilities) { copy.old = [] }
    if !needs.contains(.referenceLogProbabilities) { copy.reference = [] }
    copy.columns = [:]
    for column in needs.subtracting(Self.builtIn) {
      copy.columns[column] = columns[column] ?? sample(of: column)
    }
    return copy
  }

  /// With its own columns, those and one of every statistic.
  func completed(with needs: Set<Column>) -> ObjectiveMinibatch {
    keeping(
      needs.union(columns.keys).union(SampleColumns.further).union([
        .oldLogProbabilities, .referenceLogProbabilities, .entropies, .levers,
        Column(.current, .rank), Column(.reference, .entropy),
      ]))
  }

  /// The columns that have a place of their own here.
  private static let builtIn: Set<Column> = [
    .oldLogProbabilities, .referenceLogProbabilities, Column(.current, .logProbability),
    Column(.current, .entropy), Column(.current, .lever),
  ]

  private func sample(of column: Column) -> [Float] {
    let own = column.policy == .current ? current : column.policy == .reference ? reference : old
    return SampleColumns.values(
      of: column.statistic, logProbabilities: own.isEmpty ? current : own
    ) { Int32($0) }
  }

  /// Holds what an objective said of a mini-batch, one value for each token.
  public struct Result: Sendable {
    /// The weights that `weigh` set.
    public var weights: [Float]
    public var losses: [Float]
    /// The weights that `weighEntropy` set; zeros if the objective has none.
    public var entropyWeights: [Float]
    public var entropyLosses: [Float]
    /// The weights that `weighCandidates` set, K for each token; empty if the objective has none.
    public var candidateWeights: [Float] = []
    /// One for each token; zeros if the objective weighs no candidates.
    public var candidateLosses: [Float]
    public var metrics = MetricSums()
    /// The values that `survey` returned; empty if it was not called.
    public var survey: [Float] = []

    init(tokens: Int) {
      weights = [Float](repeating: 0, count: tokens)
      losses = weights
      entropyWeights = weights
      entropyLosses = weights
      candidateLosses = weights
    }

    /// Of all parts: the mini-batch's −J.
    public var loss: Double {
      (losses + entropyLosses + candidateLosses).reduce(0) { $0 + Double($1) }
    }
  }

  /// Surveys the whole if the objective asks for it, then weighs it.
  ///
  /// - Parameters:
  ///   - objective: the one to be asked.
  ///   - pieces: runs of adjacent sequences, weighed one after the other; `nil`: all at once.
  ///   - participants: the tokens that the objective is given, by their places in the mini-batch; what
  ///     it says of the others is 0. For an objective that is tokenwise.
  ///   - given: a survey to be used instead of asking the objective.
  /// - Throws: what the objective throws; `.pluginFault` for a survey of another length.
  public func weighed(
    by objective: any PolicyObjective, in pieces: [Range<Int>]? = nil,
    participants: TokenMask = .all, survey given: [Float]? = nil
  ) throws(FulcrumError) -> Result {
    var result = Result(tokens: tokenCount)
    if let given {
      result.survey = given
    } else if objective is any SurveyingObjective {
      result.survey = try surveyed(by: objective)
    }
    let width = (objective as? any CandidateObjective)?.candidateCount ?? 0
    guard !(objective is any CandidateObjective) || (1...Self.mostCandidates).contains(width) else {
      throw FulcrumError(
        .pluginFault, "expected 1 to \(Self.mostCandidates) candidates a place, got \(width)")
    }
    result.candidateWeights = [Float](repeating: 0, count: tokenCount * width)
    for piece in pieces ?? [0..<sequenceCount] {
      let places = places(of: piece, participants)
      var weights = [Float](repeating: 0, count: places.count)
      var losses = weights
      var entropyWeights = weights
      var entropyLosses = weights
      var candidateWeights = [Float](repeating: 0, count: places.count * width)
      var candidateLosses = weights
      try withInput(of: piece, participants: participants, survey: result.survey) {
        (input) throws(FulcrumError) in
        var weightSpan = weights.mutableSpan
        var lossSpan = losses.mutableSpan
        try objective.weigh(
          input, weights: &weightSpan, losses: &lossSpan, metrics: &result.metrics)
        if let objective = objective as? any CandidateObjective {
          var candidateSpan = candidateWeights.mutableSpan
          var candidateLossSpan = candidateLosses.mutableSpan
          try objective.weighCandidates(
            input, weights: &candidateSpan, losses: &candidateLossSpan, metrics: &result.metrics)
        }
        guard let objective = objective as? any EntropyObjective else { return }
        var entropyWeightSpan = entropyWeights.mutableSpan
        var entropyLossSpan = entropyLosses.mutableSpan
        try objective.weighEntropy(
          input, weights: &entropyWeightSpan, losses: &entropyLossSpan, metrics: &result.metrics)
      }
      for (index, place) in places.enumerated() {
        result.weights[place] = weights[index]
        result.losses[place] = losses[index]
        result.entropyWeights[place] = entropyWeights[index]
        result.entropyLosses[place] = entropyLosses[index]
        result.candidateLosses[place] = candidateLosses[index]
        for candidate in 0..<width {
          result.candidateWeights[place * width + candidate] =
            candidateWeights[index * width + candidate]
        }
      }
    }
    return result
  }

  /// The most candidates a place that a trial has room for.
  private static let mostCandidates = 4096

  /// Returns the objective's survey of the whole; nothing if it has none.
  ///
  /// - Throws: what the objective throws; `.pluginFault` for another number of values than tokens.
  public func surveyed(by objective: any PolicyObjective) throws(FulcrumError) -> [Float] {
    guard let objective = objective as? any SurveyingObjective else { return [] }
    let survey = try withInput(of: 0..<sequenceCount, survey: []) {
      (input) throws(FulcrumError) in try objective.survey(input)
    }
    guard survey.count == tokenCount else {
      throw FulcrumError(
        .pluginFault, "expected a survey of \(tokenCount) tokens, got \(survey.count) values")
    }
    return survey
  }
}
