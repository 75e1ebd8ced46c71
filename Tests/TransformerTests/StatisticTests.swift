import Foundation
import FulcrumKernel
import Testing
import TransformerFormats
import TransformerKernels
import TransformerPlugin

/// Tests a token's statistics beside log-probability, entropy and lever, against `Double`.
struct StatisticTests {
  private static let statistics: Set<TokenStatistic> = [
    .topProbability, .margin, .rank, .massAbove(0), .massAbove(0.02), .massAbove(0.5),
    .massAbove(1),
    .topTokens(1), .topTokens(5), .topLogProbabilities(5), .topLogProbabilities(3),
  ]

  /// Each statistic's values over a batch, row by row.
  private func values(
    _ policy: TransformerPolicy, _ batch: SequenceBatch, _ statistics: Set<TokenStatistic>,
    temperature: Float = 1
  ) throws -> [TokenStatistic: [Float]] {
    var result: [TokenStatistic: [Float]] = [:]
    try policy.score(
      batch, sequences: 0..<batch.sequenceCount,
      request: ScoreRequest(temperature: temperature, statistics: statistics)
    ) { (_, scores) throws(FulcrumError) in
      #expect(Set(scores.statistics) == statistics)
      for statistic in statistics {
        let values = try scores.values(of: statistic)
        for i in values.indices { result[statistic, default: []].append(values[i]) }
      }
    }
    return result
  }

  /// Numbers of tokens by descending probability, of equal ones the lower first.
  private func order(_ p: [Double]) -> [Int] {
    p.indices.sorted { p[$0] != p[$1] ? p[$0] > p[$1] : $0 < $1 }
  }

  @Test(arguments: ModelFamily.allCases, [0.6 as Float, 1, 1.7])
  func `statistics agree with the oracle at a temperature`(
    _ family: ModelFamily, temperature: Float
  ) throws {
    let policy = try Fixtures.variedPolicy(family, threads: 2)
    let sequences: [[Int32]] = [[5, 40, 7, 7, 200, 3, 261], [17, 2, 90, 33], [8, 100, 259, 12]]
    let batch = SequenceBatch(whole: sequences, promptLengths: [3, 1, 2])
    let got = try values(policy, batch, Self.statistics, temperature: temperature)
    let oracle = try DoubleOracle(policy)
    var token = 0
    for (tokens, promptLength) in zip(sequences, [3, 1, 2]) {
      for place in promptLength..<tokens.count {
        let p = oracle.probabilities(
          after: Array(tokens.prefix(place)), temperature: Double(temperature))
        let order = order(p)
        func value(_ statistic: TokenStatistic, _ column: Int = 0) -> Double {
          Double(got[statistic]?[token * statistic.width + column] ?? .nan)
        }
        // Logits below 4 in float32 after two layers: some 20 roundings of 2e-7.
        #expect(abs(value(.topProbability) - p[order[0]]) < 4e-6)
        let margin = Foundation.log(p[order[0]]) - Foundation.log(p[order[1]])
        #expect(abs(value(.margin) - margin) < 8e-6)
        #expect(Int(value(.rank)) == order.firstIndex(of: Int(tokens[place])))
        for threshold in [0, 0.02, 0.5, 1] as [Float] {
          let mass = p.filter { $0 >= Double(threshold) * p[order[0]] }.reduce(0, +)
          #expect(abs(value(.massAbove(threshold)) - mass) < 4e-6)
        }
        #expect(value(.massAbove(0)) == 1)
        #expect(Int(value(.topTokens(1))) == order[0])
        for column in 0..<5 {
          #expect(Int(value(.topTokens(5), column)) == order[column])
          let log = value(.topLogProbabilities(5), column)
          #expect(abs(log - Foundation.log(p[order[column]])) < 4e-6)
          if column < 3 { #expect(value(.topLogProbabilities(3), column) == log) }
        }
        token += 1
      }
    }
    #expect(got[.rank]?.count == token)
  }

  @Test func `all tokens of the vocabulary can be listed`() throws {
    let policy = try Fixtures.smallPolicy(threads: 2)
    let vocabulary = try #require(policy.network).shape.vocabularySize
    let batch = SequenceBatch(prompts: [[4, 5]], completions: [[[6, 7, 8]]])
    let got = try values(
      policy, batch, [.topTokens(vocabulary), .topLogProbabilities(vocabulary)])
    let scores = try policy.allScores(batch)
    for (row, token) in [6, 7, 8].enumerated() {
      let range = row * vocabulary..<(row + 1) * vocabulary
      let tokens = try #require(got[.topTokens(vocabulary)])[range].map { Int($0) }
      let logs = Array(try #require(got[.topLogProbabilities(vocabulary)])[range])
      #expect(tokens.sorted() == Array(0..<vocabulary))
      #expect(logs == logs.sorted(by: >))
      #expect(abs(logs.reduce(0) { $0 + exp(Double($1)) } - 1) < 1e-5)
      let place = try #require(tokens.firstIndex(of: token))
      #expect(abs(logs[place] - scores.logProbabilities[row]) < 1e-6)
    }
  }

  @Test func `lists of more tokens than there are, and other impossible ones, are refused`()
    throws
  {
    let policy = try Fixtures.smallPolicy()
    let vocabulary = try #require(policy.network).shape.vocabularySize
    func message(_ statistic: TokenStatistic) throws -> String {
      let batch = SequenceBatch(prompts: [[4]], completions: [[[5]]])
      let error = try #require(throws: FulcrumError.self) {
        try values(policy, batch, [statistic])
      }
      #expect(error.code == .usage)
      return error.description
    }
    for statistic in [
      TokenStatistic.topTokens(vocabulary + 1), .topLogProbabilities(vocabulary + 1),
    ] {
      #expect(
        try message(statistic)
          == "transformer: expected a list of at most the vocabulary's \(vocabulary) tokens, got"
          + " '\(statistic.name)'")
    }
    #expect(
      try message(.topTokens(0))
        == "transformer: expected a threshold in 0...1 and a list of at least 1 token, got"
        + " 'top-tokens(0)'")
    #expect(try message(.massAbove(1.5)).hasSuffix("got 'mass-above(1.5)'"))
    #expect(try message(.massAbove(.nan)).hasSuffix("got 'mass-above(nan)'"))
  }

  /// In training too, however the work is cut, and for some tokens alone.
  @Test func `statistics have the same bits in any company`() throws {
    let batch = ParticipationTests.batch
    let whole = try Fixtures.smallPolicy(threads: 2)
    let expected = try values(whole, batch, Self.statistics)
    #expect(expected[.topTokens(5)]?.count == 5 * batch.tokenCount)
    for mask in ParticipationTests.masks {
      let policy = try Fixtures.smallPolicy(more: ["microbatch-tokens": .integer(60)])
      guard MatrixProduct.rowsStandAlone else { return }
      try policy.accumulateGradient(
        of: batch, sequences: 0..<batch.sequenceCount,
        request: ScoreRequest(temperature: 1, statistics: Self.statistics),
        participants: mask.tokens
      ) { (tokens, scores, _) throws(FulcrumError) in
        for statistic in Self.statistics {
          let width = statistic.width
          let values = try scores.values(of: statistic)
          for i in tokens.indices {
            for column in 0..<width {
              #expect(
                values[i * width + column] == expected[statistic]?[tokens[i] * width + column])
            }
          }
        }
      }
    }
  }

  @Test func `what was not asked for is not there`() throws {
    let policy = try Fixtures.smallPolicy()
    let batch = SequenceBatch(prompts: [[4]], completions: [[[5]]])
    let error = #expect(throws: FulcrumError.self) {
      try policy.score(
        batch, sequences: 0..<1, request: ScoreRequest(temperature: 1, statistics: [.rank])
      ) { (_, scores) throws(FulcrumError) in
        #expect(try scores.values(of: .rank).count == 1)
        _ = try scores.values(of: .topProbability)
      }
    }
    #expect(error?.code == .pluginFault)
  }

  // MARK: The loops

  /// Few different values, so that many are equal; counts around a vector's length.
  private func logits(_ count: Int, levels: Int) -> [Float] {
    (0..<count).map { Float(($0 * 2654435761 >> 5) % levels) / 4 - 3 }
  }

  private func top(_ logits: [Float], _ count: Int) -> [Int32] {
    var tokens = [Int32](repeating: -1, count: count)
    tk_top_tokens(logits, Int32(logits.count), Int32(count), &tokens)
    return tokens
  }

  @Test(arguments: [1, 2, 15, 16, 17, 33, 1000], [1, 3, 40, 100_000])
  func `equal tokens come in the order of their numbers`(count: Int, levels: Int) {
    let logits = logits(count, levels: levels)
    let order = order(logits.map(Double.init))
    for (rank, token) in order.enumerated() {
      #expect(tk_rank(logits, Int32(count), Int32(token)) == Int32(rank))
    }
    for top in Set([1, 2, 7, 16, count / 2, count]) where top >= 1 && top <= count {
      #expect(self.top(logits, top) == order.prefix(top).map(Int32.init))
    }
  }

  @Test func `infinite logits have their places too`() {
    let logits: [Float] = [-.infinity, 2, -.infinity, 3, 2]
    #expect(top(logits, 5) == [3, 1, 4, 0, 2])
    #expect((0..<5).map { tk_rank(logits, 5, Int32($0)) } == [3, 1, 4, 0, 2])
    var logs = [Float](repeating: 0, count: 5)
    tk_log_probabilities(logits, 5, 1, top(logits, 5), 5, &logs)
    #expect(logs[3] == -.infinity && logs[4] == -.infinity && logs[1] == logs[2])
  }

  /// π = 1/2, 1/4, 1/8, 1/8 at temperature 1; at temperature 1/2 64, 16, 4 and 4 of 88.
  @Test func `masses by hand`() {
    let logits: [Float] = [log(2), log(8), log(4), log(2)]
    func mass(_ threshold: Float, _ inverse: Float = 1) -> Double {
      Double(tk_mass_above(logits, 4, inverse, threshold))
    }
    #expect(abs(mass(1) - 0.5) < 1e-6)
    #expect(abs(mass(0.4) - 0.75) < 1e-6)
    #expect(abs(mass(0.2) - 1) < 1e-6)
    #expect(mass(0) == 1)
    #expect(abs(mass(0.2, 2) - 80.0 / 88) < 1e-6)
    #expect(abs(mass(0.3, 2) - 64.0 / 88) < 1e-6)
  }

  /// 1 − π = e^-gap: log π is −e^-gap, whose digits 1 − π in float32 would not have.
  @Test(arguments: [10, 18, 30, 80] as [Float])
  func `a token that is almost certain keeps the digits of its log-probability`(gap: Float) {
    let logits: [Float] = [0, gap, -1000]
    var logs = [Float](repeating: 0, count: 3)
    tk_log_probabilities(logits, 3, 1, top(logits, 3), 3, &logs)
    let rest = exp(-Double(gap))
    // The exponential is good to 1e-6 of itself, however small.
    #expect(abs(Double(logs[0]) + log1p(rest)) < 2e-6 * rest)
    #expect(abs(Double(logs[1]) + Double(gap) + log1p(rest)) < 1e-5)
    #expect(abs(Double(logs[2]) + 1000 + Double(gap) + log1p(rest)) < 1e-3)
    #expect(logs[0] == tk_score_token(logits, 3, 1, 1).log_probability)
  }
}
