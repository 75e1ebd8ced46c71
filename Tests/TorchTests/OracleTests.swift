import Foundation
import FulcrumKernel
import Testing
import TorchPlugin

/// Numbers over the wire beside those of a model worked out in Swift.
@Suite("numbers over the wire") struct OracleTests {
  private let bench: Bench
  private let batch = TorchPolicy.batch
  private let pairs = Oracle.pairs(TorchPolicy.batch)

  init() throws { bench = try Bench() }

  @Test("scores are those of the model, at any temperature", arguments: [1, 0.5, 1.7] as [Float])
  func scores(temperature: Float) throws {
    let policy = try bench.policy()
    let oracle = Oracle()
    let statistics: Set<TokenStatistic> = [.rank, .topLogProbabilities(3), .margin]
    try policy.score(
      batch, sequences: 1..<4,
      request: ScoreRequest(temperature: temperature, statistics: statistics)
    ) { (tokens, scores) throws(FulcrumError) in
      #expect(tokens == batch.tokens(ofSequences: 1..<4))
      for (place, token) in tokens.enumerated() {
        let pair = pairs[token]
        let row = oracle.logs(after: pair.previous, temperature: Double(temperature))
        let own = row[Int(pair.token)]
        #expect(abs(Double(scores.logProbabilities[place]) - own) < 1e-5)
        #expect(abs(Double(scores.entropies[place]) - Oracle.entropy(row)) < 1e-5)
        let squares = row.indices.reduce(0.0) {
          $0 + pow(($1 == Int(pair.token) ? 1 : 0) - exp(row[$1]), 2)
        }
        #expect(abs(Double(scores.levers[place]) - squares.squareRoot()) < 1e-5)
        let rank = try scores.values(of: .rank)[place]
        #expect(Int(rank) == row.count { $0 > own })
        let top = try scores.values(of: .topLogProbabilities(3))
        let sorted = row.sorted(by: >)
        for k in 0..<3 { #expect(abs(Double(top[place * 3 + k]) - sorted[k]) < 1e-5) }
        let margin = try scores.values(of: .margin)[place]
        #expect(abs(Double(margin) - (sorted[0] - sorted[1])) < 1e-5)
      }
    }
  }

  @Test("draws are functions of the kernel's counters")
  func draws() throws {
    let policy = try bench.policy()
    let oracle = Oracle()
    var request = TorchPolicy.request
    (request.temperature, request.maximumTokens, request.seed) = (0.8, 12, .max)
    let generation = try policy.generate(request)
    let random = CounterRandom(seed: .max, purpose: "sampling")
    let sequences = generation.sequences
    for (group, prompt) in request.prompts.enumerated() {
      for sample in 0..<2 {
        let sequence = group * 2 + sample
        var previous = prompt.tokens[prompt.tokens.count - 1]
        for (number, place) in sequences.tokens(ofSequence: sequence).enumerated() {
          let uniform = random.uniform(
            step: 2, prompt: prompt.id, sample: UInt32(sample), token: UInt32(number))
          let token = oracle.draw(
            after: previous, temperature: Double(Float(0.8)), uniform: Double(uniform))
          #expect(sequences.tokens[place] == token)
          let log = oracle.logs(after: previous, temperature: Double(Float(0.8)))[Int(token)]
          #expect(abs(Double(generation.logProbabilities[place]) - log) < 1e-5)
          previous = token
        }
        let count = sequences.tokens(ofSequence: sequence).count
        #expect(generation.isFinished[sequence] == (previous == policy.endToken))
        #expect(count == 12 || generation.isFinished[sequence])
      }
    }
  }

  @Test("greedy tokens are the most likely, and cut draws stay among them")
  func greedy() throws {
    let policy = try bench.policy()
    let oracle = Oracle()
    var cut = TorchPolicy.request
    (cut.temperature, cut.topK) = (1, 1)
    var narrow = cut
    (narrow.topK, narrow.topP) = (0, 1e-6)
    for request in [TorchPolicy.request, cut, narrow] {
      let sequences = try policy.generate(request).sequences
      for pair in Oracle.pairs(sequences) {
        let row = oracle.logs(after: pair.previous)
        #expect(row[Int(pair.token)] == row.max())
      }
    }
  }

  @Test("limits of sampling reach the engine")
  func limits() throws {
    let policy = try bench.policy()
    func tokens(_ generation: Generation) -> [[Int32]] {
      (0..<4).map { sequence in
        generation.sequences.tokens(ofSequence: sequence).map { generation.sequences.tokens[$0] }
      }
    }
    var request = TorchPolicy.request
    (request.temperature, request.maximumTokens, request.minimumTokens) = (1, 20, 12)
    let plain = try policy.generate(request)
    let whole = tokens(plain)
    #expect(whole.allSatisfy { $0.count > 12 && !$0.prefix(12).contains(policy.endToken) })
    // Each token is a character of the text.
    let stop = try policy.decode(Array(whole[1][12...13]), keepingSpecialTokens: false)
    request.stopStrings = ["nowhere", stop]
    let stopped = try policy.generate(request)
    #expect(tokens(stopped)[1] == Array(whole[1][...13]) && stopped.isFinished[1])
    for (one, other) in zip(tokens(stopped), whole) { #expect(other.starts(with: one)) }
    var narrow = TorchPolicy.request
    let greedy = tokens(try policy.generate(narrow))
    (narrow.temperature, narrow.minP) = (1, 1)
    #expect(tokens(try policy.generate(narrow)) == greedy)
  }

  @Test("a step moves the model as the formulas say", arguments: ["sgd", "adamw"])
  func step(optimizer: String) throws {
    let policy = try bench.policy([
      "optimizer": .text(optimizer), "max-gradient-norm": .number(0),
      "microbatch-tokens": .integer(3),
      "weight-decay": .number(0.1),
    ])
    var oracle = Oracle()
    let mask = pairs.indices.map { $0 != 1 && $0 != 4 }
    try policy.accumulateGradient(
      of: batch, sequences: 0..<4, request: ScoreRequest(temperature: 0.5),
      participants: TokenMask(mask),
      weighWithEntropy: { (tokens, _, weights, pulls) throws(FulcrumError) in
        for place in tokens.indices {
          weights[place] = Float(tokens[place]) - 2.5
          pulls[place] = 0.25
        }
      })
    for token in pairs.indices where mask[token] {
      oracle.add(pairs[token], weight: Double(token) - 2.5, pull: 0.25, temperature: 0.5)
    }
    let report = try policy.applyGradient(learningRate: 0.125)
    #expect(abs(report.norm - oracle.norm) < 1e-9 * oracle.norm && !report.isClipped)
    for i in oracle.table.indices {
      let g = oracle.gradient[i]
      // AdamW's first step: both moments are divided by what they lack.
      let move =
        optimizer == "sgd" ? g : g / (abs(g) + 1e-8) - 0.1 * oracle.table[i]
      oracle.table[i] += 0.125 * move
    }
    let logs = try policy.logProbabilities()
    for (log, pair) in zip(logs, pairs) {
      #expect(abs(Double(log) - oracle.logs(after: pair.previous)[Int(pair.token)]) < 1e-5)
    }
  }

  @Test("weights on candidates are weights on those tokens")
  func candidates() throws {
    let policy = try bench.policy([
      "optimizer": .text("sgd"), "max-gradient-norm": .number(0), "microbatch-tokens": .integer(3),
    ])
    var oracle = Oracle()
    try policy.accumulateGradient(
      of: batch, sequences: 0..<4, request: ScoreRequest(temperature: 0.5), participants: .all,
      candidateCount: 3,
      weighWithCandidates: { (tokens, _, weights, pulls, candidates) throws(FulcrumError) in
        #expect(candidates.count == 3 * tokens.count)
        for place in tokens.indices {
          weights[place] = 0.5
          pulls[place] = 0.25
          for k in 0..<3 { candidates[place * 3 + k] = Float(tokens[place] * (k - 1)) }
        }
      })
    for (token, pair) in pairs.enumerated() {
      oracle.add(pair, weight: 0.5, pull: 0.25, temperature: 0.5)
      let row = oracle.logs(after: pair.previous, temperature: 0.5)
      let order = row.indices.sorted { (-row[$0], $0) < (-row[$1], $1) }
      for k in 0..<3 {
        oracle.add(
          (pair.previous, Int32(order[k])), weight: Double(token * (k - 1)), temperature: 0.5)
      }
    }
    let report = try policy.applyGradient(learningRate: 0.125)
    #expect(abs(report.norm - oracle.norm) < 1e-9 * oracle.norm)
    let error = #expect(throws: FulcrumError.self) {
      try policy.accumulateGradient(
        of: batch, sequences: 0..<4, request: ScoreRequest(temperature: 1), participants: .all,
        candidateCount: 0, weighWithCandidates: { (_, _, _, _, _) throws(FulcrumError) in })
    }
    #expect(error?.description == "torch: expected at least one candidate a place, got 0")
  }

  @Test("a large gradient is clipped, and one that is not finite changes nothing")
  func clipping() throws {
    let policy = try bench.policy(["optimizer": .text("sgd")])
    let before = try policy.logProbabilities()
    try policy.accumulate { _ in .infinity }
    let error = #expect(throws: FulcrumError.self) {
      _ = try policy.applyGradient(learningRate: 1)
    }
    #expect(error?.code == .notFinite)
    #expect(error?.message == "expected a finite gradient, got another")
    #expect(try policy.applyGradient(learningRate: 1).norm == 0)
    #expect(try policy.logProbabilities() == before)
    try policy.accumulate { _ in 100 }
    let report = try policy.applyGradient(learningRate: 1e-3)
    #expect(report.norm > 1 && report.isClipped)
    #expect(try policy.logProbabilities() != before)
  }

  @Test("a gradient is written as it is")
  func export() throws {
    let policy = try bench.policy()
    var oracle = Oracle()
    try policy.accumulate { _ in 2 }
    for pair in pairs { oracle.add(pair, weight: 2, temperature: 1) }
    let file = bench.notes + "/gradient.safetensors"
    try policy.saveGradient(to: file)
    let data = try Data(contentsOf: URL(fileURLWithPath: file))
    let values = Array(data.suffix(4 * oracle.gradient.count)).withUnsafeBytes {
      Array($0.bindMemory(to: Float.self))
    }
    #expect(zip(values, oracle.gradient).allSatisfy { abs(Double($0) - $1) < 1e-5 })
  }
}
