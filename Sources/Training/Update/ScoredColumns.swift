import FulcrumKernel
import Stages

/// Holds a copy of a policy's scores of adjacent sequences, flat over their completion tokens.
package struct ScoredColumns: Sendable {
  package private(set) var logProbabilities: [Float] = []
  package private(set) var entropies: [Float] = []
  package private(set) var levers: [Float] = []
  /// The further statistics that were asked for, with `width` values for each token.
  private var further: [TokenStatistic: [Float]] = [:]

  package init(
    of batch: SequenceBatch, sequences: Range<Int>, by policy: any FrozenPolicy,
    request: ScoreRequest
  ) throws(FulcrumError) {
    let count = batch.tokens(ofSequences: sequences).count
    logProbabilities.reserveCapacity(count)
    entropies.reserveCapacity(count)
    levers.reserveCapacity(count)
    // Not reserved: the policy may refuse a list of more tokens than there are.
    for statistic in request.statistics { further[statistic] = [] }
    try Stage.within("policy, scoring") { () throws(FulcrumError) in
      try policy.score(batch, sequences: sequences, request: request) {
        (_, scores) throws(FulcrumError) in
        Self.append(scores.logProbabilities, to: &logProbabilities)
        Self.append(scores.entropies, to: &entropies)
        Self.append(scores.levers, to: &levers)
        for statistic in request.statistics {
          Self.append(try scores.values(of: statistic), to: &further[statistic, default: []])
        }
      }
    }
    guard logProbabilities.count == count, entropies.count == count, levers.count == count else {
      throw FulcrumError(
        .pluginFault,
        "expected scores of \(count) tokens, got \(logProbabilities.count) log-probabilities,"
          + " \(entropies.count) entropies and \(levers.count) levers", at: "policy")
    }
  }

  /// Scores sequences at a temperature, without further statistics.
  package init(
    of batch: SequenceBatch, sequences: Range<Int>, by policy: any FrozenPolicy,
    temperature: Float
  ) throws(FulcrumError) {
    try self.init(
      of: batch, sequences: sequences, by: policy, request: ScoreRequest(temperature: temperature))
  }

  /// Returns the values of a statistic; none if it was not asked for.
  package func values(of statistic: TokenStatistic) -> [Float] {
    switch statistic {
    case .logProbability: logProbabilities
    case .entropy: entropies
    case .lever: levers
    default: further[statistic] ?? []
    }
  }

  /// Returns the further statistics one after another, as `TokenScores` takes them.
  func flat(_ statistics: [TokenStatistic]) -> [Float] {
    statistics.flatMap { further[$0] ?? [] }
  }

  private static func append(_ values: Span<Float>, to column: inout [Float]) {
    for index in values.indices { column.append(values[index]) }
  }
}
