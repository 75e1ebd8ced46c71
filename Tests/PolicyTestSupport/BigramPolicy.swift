import Foundation
import FulcrumKernel

/// A policy small enough to work by hand: logits of the next token are a row of a table, chosen by
/// the token before it. Gradient ascent without momentum.
package final class BigramPolicy: CandidateGradientPolicy {
  package static let manual = ComponentManual(
    name: "bigram", summary: "a table", source: "tests",
    parameters: [
      .text(
        "checkpoint", default: "", help: "a folder that `save` wrote", meaning: .checkpoint)
    ])

  package let vocabulary = 4
  package private(set) var table: [Double]
  private var gradient: [Double]
  /// The calls it got, in order, for tests of the trainer's sequence.
  package var log: [String] = []

  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    // Any fixed, uneven numbers will do.
    table = (0..<16).map { sin(Double($0) * 1.7) }
    let folder = try parameters.text("checkpoint")
    if let data = FileManager.default.contents(atPath: folder + "/table"), !folder.isEmpty {
      table = String(decoding: data, as: UTF8.self).split(separator: "\n").compactMap {
        Double($0)
      }
    }
    gradient = [Double](repeating: 0, count: 16)
  }

  package convenience init() throws(FulcrumError) {
    try self.init(
      try Parameters(for: Self.manual.parameters, at: "policy"), context: ComponentContext())
  }

  package var summary: String { "bigram" }
  package var contextLength: Int { 32 }
  package var endToken: Int32 { 3 }
  package func encode(_ text: String) -> [Int32] { text.utf8.map { Int32($0) % 3 } }
  package func decode(_ tokens: [Int32], keepingSpecialTokens: Bool) -> String {
    tokens.filter { keepingSpecialTokens || $0 != endToken }.map { "\($0)" }.joined()
  }

  /// log π of every token after `previous`, at a temperature.
  package func logProbabilities(after previous: Int32, temperature: Double) -> [Double] {
    let row = (0..<4).map { table[Int(previous) * 4 + $0] / temperature }
    let total = logarithm(row.map(exp).reduce(0, +))
    return row.map { $0 - total }
  }

  package func generate(_ request: GenerationRequest) throws(FulcrumError) -> Generation {
    let random = CounterRandom(seed: request.seed, purpose: "sampling")
    var completions: [[[Int32]]] = []
    var logs: [Float] = []
    var finished: [Bool] = []
    for prompt in request.prompts {
      var group: [[Int32]] = []
      for sample in 0..<request.samplesPerPrompt {
        var tokens: [Int32] = []
        while tokens.count < request.maximumTokens, tokens.last != endToken {
          let previous = tokens.last ?? prompt.tokens[prompt.tokens.count - 1]
          let row = logProbabilities(
            after: previous, temperature: max(0.01, Double(request.temperature)))
          var rest = Double(
            random.uniform(
              step: request.step, prompt: prompt.id, sample: UInt32(sample),
              token: UInt32(tokens.count)))
          var token = 0
          while token < 3, rest >= exp(row[token]) {
            rest -= exp(row[token])
            token += 1
          }
          tokens.append(Int32(token))
          logs.append(Float(row[token]))
        }
        group.append(tokens)
        finished.append(tokens.last == endToken)
      }
      completions.append(group)
    }
    return Generation(
      sequences: SequenceBatch(prompts: request.prompts.map(\.tokens), completions: completions),
      logProbabilities: logs, isFinished: finished)
  }

  package func score(
    _ batch: SequenceBatch, sequences: Range<Int>, request: ScoreRequest,
    visit: (Range<Int>, borrowing TokenScores) throws(FulcrumError) -> Void
  ) throws(FulcrumError) {
    for sequence in sequences {
      try scored(batch, sequence, .all, request) { (_, scores, _) throws(FulcrumError) in
        try visit(batch.tokens(ofSequence: sequence), scores)
      }
    }
  }

  /// The weights of the tokens as they came.
  package private(set) var weights: [Float] = []
  package private(set) var entropyWeights: [Float] = []
  package private(set) var candidateWeights: [Float] = []
  /// Places that it gives instead of the tokens' own: a fault.
  package var misplacing: [Int]?
  /// The places of the tokens that were weighed, pass by pass.
  package private(set) var weighed: [[Int]] = []

  package func accumulateGradient(
    of batch: SequenceBatch, sequences: Range<Int>, request: ScoreRequest,
    participants: TokenMask,
    weigh: (Span<Int>, borrowing TokenScores, inout MutableSpan<Float>) throws(FulcrumError) -> Void
  ) throws(FulcrumError) {
    try accumulateGradient(
      of: batch, sequences: sequences, request: request, participants: participants,
      weighWithEntropy: { (tokens, scores, weights, _) throws(FulcrumError) in
        try weigh(tokens, scores, &weights)
      })
  }

  package func accumulateGradient(
    of batch: SequenceBatch, sequences: Range<Int>, request: ScoreRequest,
    participants: TokenMask,
    weighWithEntropy weigh: (
      Span<Int>, borrowing TokenScores, inout MutableSpan<Float>, inout MutableSpan<Float>
    ) throws(FulcrumError) -> Void
  ) throws(FulcrumError) {
    try accumulateGradient(
      of: batch, sequences: sequences, request: request, participants: participants,
      candidateCount: 0,
      weighWithCandidates: {
        (tokens, scores, weights, entropyWeights, _) throws(FulcrumError) in
        try weigh(tokens, scores, &weights, &entropyWeights)
      })
  }

  package func accumulateGradient(
    of batch: SequenceBatch, sequences: Range<Int>, request: ScoreRequest,
    participants: TokenMask, candidateCount: Int,
    weighWithCandidates weigh: (
      Span<Int>, borrowing TokenScores, inout MutableSpan<Float>, inout MutableSpan<Float>,
      inout MutableSpan<Float>
    ) throws(FulcrumError) -> Void
  ) throws(FulcrumError) {
    log.append("accumulate \(sequences)")
    weighed.append([])
    let temperature = Double(request.temperature)
    for sequence in sequences {
      var w: [Float] = []
      var v: [Float] = []
      var c: [Float] = []
      var places: [(previous: Int32, token: Int32)] = []
      try scored(batch, sequence, participants, request) {
        (tokens, scores, pairs) throws(FulcrumError) in
        guard !tokens.isEmpty else { return }
        w = [Float](repeating: 0, count: pairs.count)
        v = w
        c = [Float](repeating: 0, count: pairs.count * candidateCount)
        places = pairs
        weighed[weighed.count - 1] += tokens
        var span = w.mutableSpan
        var entropySpan = v.mutableSpan
        var candidateSpan = c.mutableSpan
        let given = misplacing ?? tokens
        try weigh(given.span, scores, &span, &entropySpan, &candidateSpan)
      }
      weights += w
      entropyWeights += v
      candidateWeights += c
      for (index, place) in places.enumerated() {
        let row = logProbabilities(after: place.previous, temperature: temperature)
        let entropy = -row.reduce(0) { $0 + exp($1) * $1 }
        for k in 0..<4 {
          let hit = k == Int(place.token) ? 1.0 : 0
          gradient[Int(place.previous) * 4 + k] +=
            (Double(w[index]) * (hit - exp(row[k]))
              - Double(v[index]) * exp(row[k]) * (row[k] + entropy)) / temperature
        }
        for (rank, candidate) in Self.order(of: row).prefix(candidateCount).enumerated() {
          let weight = Double(c[index * candidateCount + rank]) / temperature
          for k in 0..<4 {
            gradient[Int(place.previous) * 4 + k] +=
              weight * ((k == candidate ? 1 : 0) - exp(row[k]))
          }
        }
      }
    }
  }

  private func scored(
    _ batch: SequenceBatch, _ sequence: Int, _ participants: TokenMask, _ request: ScoreRequest,
    _ body: (
      _ tokens: [Int], borrowing TokenScores, [(previous: Int32, token: Int32)]
    ) throws(FulcrumError) -> Void
  ) throws(FulcrumError) {
    let group = batch.group(ofSequence: sequence)
    let (tokens, prompts, ends) = (batch.tokens, batch.promptTokens, batch.promptOffsets)
    var previous = prompts[ends[group + 1] - 1]
    var places: [Int] = []
    var pairs: [(previous: Int32, token: Int32)] = []
    var columns: (logs: [Float], entropies: [Float], levers: [Float]) = ([], [], [])
    var top: [Float] = []
    for place in batch.tokens(ofSequence: sequence) {
      defer { previous = tokens[place] }
      guard participants.contains(place) else { continue }
      let row = logProbabilities(after: previous, temperature: Double(request.temperature))
      let token = Int(tokens[place])
      columns.logs.append(Float(row[token]))
      columns.entropies.append(Float(-row.reduce(0) { $0 + exp($1) * $1 }))
      let squares = (0..<4).reduce(0.0) { sum, k in
        let e = (k == token ? 1.0 : 0) - exp(row[k])
        return sum + e * e
      }
      columns.levers.append(Float(squares.squareRoot()))
      top.append(Float(exp(row.max() ?? 0)))
      places.append(place)
      pairs.append((previous, tokens[place]))
    }
    let statistics = Array(request.statistics)
    var further: [Float] = []
    for statistic in statistics {
      switch statistic {
      case .topProbability: further += top
      case .topTokens(let count):
        for pair in pairs {
          let row = logProbabilities(after: pair.previous, temperature: Double(request.temperature))
          further += Self.order(of: row).prefix(count).map { Float($0) }
        }
      default:
        throw FulcrumError(.unsupported, "the tests' policy knows no \(statistic.name)")
      }
    }
    try body(
      places,
      TokenScores(
        logProbabilities: columns.logs.span, entropies: columns.entropies.span,
        levers: columns.levers.span, statistics: statistics, further: further.span), pairs)
  }

  /// The tokens, likeliest first.
  private static func order(of row: [Double]) -> [Int] {
    row.indices.sorted { (-row[$0], $0) < (-row[$1], $1) }
  }

  /// The numbers of the calls of `applyGradient` that find a gradient that is not finite, from 0.
  package var failingApplications: Set<Int> = []
  private var applications = 0

  package func applyGradient(learningRate: Double) throws(FulcrumError) -> GradientReport {
    defer { applications += 1 }
    if failingApplications.contains(applications) {
      discardGradient()
      throw FulcrumError(.notFinite, "expected a finite gradient, got one of norm inf")
    }
    log.append("apply")
    let norm = gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
    for i in table.indices { table[i] += learningRate * gradient[i] }
    discardGradient()
    return GradientReport(norm: norm, isClipped: false)
  }

  package func discardGradient() { gradient = [Double](repeating: 0, count: 16) }

  package func save(to directory: String) throws(FulcrumError) {
    let text = table.map { "\($0)" }.joined(separator: "\n")
    guard FileManager.default.createFile(atPath: directory + "/table", contents: Data(text.utf8))
    else { throw FulcrumError(.inputOutput, "could not write", at: directory) }
  }

  package func saveOptimizer(to directory: String) {}
  package func loadOptimizer(from directory: String) {}
}

private func logarithm(_ x: Double) -> Double { log(x) }
