import Foundation
import FulcrumKernel
import Glibc

/// A softmax over bytes that sees no context: the smallest policy there is, trained by ascent with
/// momentum. Parts of it can be made wrong.
final class UnigramPolicy: FreshPolicy {
  enum Mistake: Sendable {
    case none, infinite, otherScores, skipsSequence, wrongSign, roundsCheckpoint
    /// Faults with participants and statistics.
    case ignoresMask, splitsSequences, heavierAlone, ranksFromOne, oneTopToken, flatTops, lightMass
    /// Faults with gradients at its only layer, the logits.
    case longNorms, ownBeyondAll, sharedNorms, tooFewNorms, tooFewOwnNorms, otherLayers
    case sharedCopy, forgetsMomentum, keepsGradient, restoresAnything, halfBlend, wrongEntropySign
    /// Faults with what limits sampling.
    case ignoresStops, stopsWhole, stopsUnfinished, endsEarly, stopsEarly, ignoresMinP, cutLogs
    case doublesCandidates, turnsCandidates
    case hidesToken, otherCodec, sameOperations, noParameters, dropsTurn
  }

  static let manual = ComponentManual(
    name: "idea", summary: "a unigram", source: "this test",
    parameters: [
      .text("checkpoint", default: "", help: "a folder that was saved", meaning: .checkpoint)
    ])
  private static let fileName = "logits"

  var logits: [Double] = []
  var velocity = [Double](repeating: 0, count: 257)
  var gradient = [Double](repeating: 0, count: 257)
  private let seed: UInt64
  let mistake: Mistake

  convenience init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    try self.init(parameters, context, .none)
  }

  init(
    _ parameters: Parameters, _ context: ComponentContext, _ mistake: Mistake
  ) throws(FulcrumError) {
    seed = context.seed
    self.mistake = mistake
    let folder = try parameters.text("checkpoint")
    guard !folder.isEmpty else { return }
    guard let text = try? String(contentsOfFile: folder + "/" + Self.fileName, encoding: .utf8)
    else { throw FulcrumError(.checkpoint, "expected logits", at: folder) }
    logits = text.split(separator: "\n").compactMap { Double($0) }
  }

  var summary: String { "unigram" }
  let contextLength = 1000
  let endToken: Int32 = 256
  var isReady: Bool { !logits.isEmpty }

  func create(fromTexts texts: [String]) throws(FulcrumError) {
    var stream = CounterRandom(seed: seed, purpose: "weights").stream(0)
    logits = (0..<257).map { _ in stream.normal() }
  }

  func encode(_ text: String) throws(FulcrumError) -> [Int32] {
    text.utf8.map { mistake == .otherCodec ? Int32($0) ^ 1 : Int32($0) }
  }

  func decode(_ tokens: [Int32], keepingSpecialTokens: Bool) throws(FulcrumError) -> String {
    String(decoding: tokens.filter { $0 < 256 }.map { UInt8($0) }, as: UTF8.self)
  }

  func logProbability(_ token: Int32) -> Double {
    let greatest = logits.max() ?? 0
    let sum = logits.reduce(0) { $0 + exp($1 - greatest) }
    return logits[Int(token)] - greatest - log(sum)
  }

  var probabilities: [Double] { (0..<257).map { exp(logProbability(Int32($0))) } }

  func generate(_ request: GenerationRequest) throws(FulcrumError) -> Generation {
    try generate(request) { (_, _, _) in }
  }

  func generate(
    _ request: GenerationRequest, observe: (_ prompt: Int, _ sample: Int, _ token: Int32) -> Void
  ) throws(FulcrumError) -> Generation {
    let random = CounterRandom(seed: request.seed, purpose: "sampling")
    let stops = try StopMatcher(mistake == .ignoresStops ? [] : request.stopStrings)
    var isFinished: [Bool] = []
    var logs: [Float] = []
    let completions = request.prompts.enumerated().map { place, prompt in
      (0..<request.samplesPerPrompt).map { sample in
        var tokens: [Int32] = []
        var (progress, isDone) = (StopMatcher.Progress(), false)
        while tokens.count < request.maximumTokens, !isDone {
          let isShort = tokens.count < request.minimumTokens
          let uniform = random.uniform(
            step: request.step, prompt: prompt.id, sample: UInt32(sample),
            token: UInt32(tokens.count))
          let weights = weights(request, mayEnd: !isShort || mistake == .endsEarly)
          let token = Self.pick(weights, Double(uniform))
          tokens.append(token)
          logs.append(
            mistake == .cutLogs
              ? Float(log(weights[Int(token)] / weights.reduce(0, +)))
              : Float(logProbability(token)))
          if mistake != .hidesToken || tokens.count != 3 { observe(place, sample, token) }
          let text = token < 256 ? [UInt8(token)] : []
          let isStopped =
            stops.read(text.span, &progress) && (!isShort || mistake == .stopsEarly)
          isDone = token == endToken || isStopped
          if isStopped, mistake == .stopsWhole {
            tokens.removeLast()
            logs.removeLast()
          }
        }
        isFinished.append(
          mistake == .stopsUnfinished ? tokens.last == endToken : isDone)
        return tokens
      }
    }
    if mistake == .infinite { logs[1] = -.infinity }
    return Generation(
      sequences: SequenceBatch(prompts: request.prompts.map(\.tokens), completions: completions),
      logProbabilities: logs, isFinished: isFinished)
  }

  /// The weights of a draw, zero for tokens that are left out.
  private func weights(_ request: GenerationRequest, mayEnd: Bool) -> [Double] {
    var weights = probabilities
    if !mayEnd { weights[256] = 0 }
    let order = (0..<257).sorted { (weights[$1], $0) < (weights[$0], $1) }
    let isGreedy = request.temperature == 0
    let kept = order.prefix(isGreedy ? 1 : request.topK > 0 ? request.topK : 257)
    let goal = Double(request.topP) * kept.reduce(0) { $0 + weights[$1] }
    let least = mistake == .ignoresMinP ? 0 : Double(request.minP) * weights[order[0]]
    var sum = 0.0
    var result = [Double](repeating: 0, count: 257)
    for token in kept where sum < goal {
      sum += weights[token]
      if weights[token] >= least { result[token] = weights[token] }
    }
    return result
  }

  private static func pick(_ weights: [Double], _ uniform: Double) -> Int32 {
    var rest = uniform * weights.reduce(0, +)
    for token in weights.indices where weights[token] > 0 {
      if rest < weights[token] { return Int32(token) }
      rest -= weights[token]
    }
    return Int32(weights.lastIndex { $0 > 0 } ?? 0)
  }

  func score(
    _ batch: SequenceBatch, sequences: Range<Int>, request: ScoreRequest,
    visit: (Range<Int>, borrowing TokenScores) throws(FulcrumError) -> Void
  ) throws(FulcrumError) {
    for sequence in sequences where !(mistake == .skipsSequence && sequence == 1) {
      let tokens = batch.tokens(ofSequence: sequence)
      try withScores(of: Array(tokens), in: batch, request) { (scores) throws(FulcrumError) in
        try visit(tokens, scores)
      }
    }
  }

  func accumulateGradient(
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

  func accumulateGradient(
    of batch: SequenceBatch, sequences: Range<Int>, request: ScoreRequest,
    participants: TokenMask,
    weighWithEntropy weigh: (
      Span<Int>, borrowing TokenScores, inout MutableSpan<Float>, inout MutableSpan<Float>
    ) throws(FulcrumError) -> Void
  ) throws(FulcrumError) {
    try accumulateGradient(
      of: batch, sequences: sequences, request: request, participants: participants,
      candidateCount: 0,
      weighWithCandidates: { (tokens, scores, weights, pulls, _) throws(FulcrumError) in
        try weigh(tokens, scores, &weights, &pulls)
      })
  }

  func accumulateGradient(
    of batch: SequenceBatch, sequences: Range<Int>, request: ScoreRequest,
    participants: TokenMask, candidateCount: Int,
    weighWithCandidates weigh: (
      Span<Int>, borrowing TokenScores, inout MutableSpan<Float>, inout MutableSpan<Float>,
      inout MutableSpan<Float>
    ) throws(FulcrumError) -> Void
  ) throws(FulcrumError) {
    let probabilities = probabilities
    let likeliest = (0..<257).sorted { (-logits[$0], $0) < (-logits[$1], $1) }
    let entropy = entropy
    for sequence in sequences {
      let taking = batch.tokens(ofSequence: sequence).filter {
        mistake == .ignoresMask || participants.contains($0)
      }
      let cut = mistake == .splitsSequences ? taking.count / 2 : 0
      for tokens in [Array(taking[..<cut]), Array(taking[cut...])] where !tokens.isEmpty {
        var weights = [Float](repeating: 0, count: tokens.count)
        var entropyWeights = weights
        var candidates = [Float](repeating: 0, count: tokens.count * candidateCount)
        try withScores(of: tokens, in: batch, request) { (scores) throws(FulcrumError) in
          var span = weights.mutableSpan
          var entropySpan = entropyWeights.mutableSpan
          var candidateSpan = candidates.mutableSpan
          try weigh(tokens.span, scores, &span, &entropySpan, &candidateSpan)
        }
        for place in candidates.indices {
          var weight = Double(candidates[place])
          if mistake == .doublesCandidates { weight *= 2 }
          if mistake == .turnsCandidates { weight *= -1 }
          let candidate = likeliest[place % candidateCount]
          for other in 0..<257 {
            gradient[other] += weight * ((other == candidate ? 1 : 0) - probabilities[other])
          }
        }
        let factor = mistake == .heavierAlone && !participants.isAll ? 2.0 : 1
        let sign = mistake == .wrongEntropySign ? -1.0 : 1
        for (place, token) in tokens.enumerated() {
          for other in 0..<257 {
            let hit = other == Int(batch.tokens[token]) ? 1.0 : 0
            gradient[other] += factor * Double(weights[place]) * (hit - probabilities[other])
            gradient[other] -=
              sign * Double(entropyWeights[place]) * probabilities[other]
              * (log(probabilities[other]) + entropy)
          }
        }
      }
    }
  }

  func applyGradient(learningRate: Double) throws(FulcrumError) -> GradientReport {
    let rate = mistake == .wrongSign ? -learningRate : learningRate
    for index in logits.indices {
      velocity[index] = 0.5 * velocity[index] + gradient[index]
      logits[index] += rate * velocity[index]
    }
    let norm = gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
    discardGradient()
    return GradientReport(norm: norm, isClipped: false)
  }

  func discardGradient() { gradient = [Double](repeating: 0, count: 257) }

  func save(to directory: String) throws(FulcrumError) {
    let rounded = mistake == .roundsCheckpoint ? logits.map { ($0 * 16).rounded() / 16 } : logits
    let text = rounded.map { "\($0)" }.joined(separator: "\n")
    do {
      try text.write(toFile: directory + "/" + Self.fileName, atomically: true, encoding: .utf8)
    } catch {
      throw FulcrumError(.inputOutput, "\(error)", at: directory)
    }
  }

  func saveOptimizer(to directory: String) throws(FulcrumError) {}
  func loadOptimizer(from directory: String) throws(FulcrumError) {}
}
