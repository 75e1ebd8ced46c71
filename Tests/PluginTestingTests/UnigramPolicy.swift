import Foundation
import FulcrumKernel
import Glibc

/// A softmax over bytes that sees no context: the smallest policy there is. Parts of it can be made
/// wrong.
final class UnigramPolicy: PolicyModel {
  enum Mistake: Sendable {
    case none, infinite, otherScores, skipsSequence, wrongSign, roundsCheckpoint
    /// What it says of gradients at its only layer, the logits.
    case silent, longNorms, ownBeyondAll, sharedNorms, tooFewNorms, tooFewOwnNorms, otherLayers
  }

  static let manual = ComponentManual(
    name: "idea", summary: "a unigram", source: "this test",
    parameters: [.text("checkpoint", default: "", help: "a folder that was saved")])
  private static let fileName = "logits"

  private var logits: [Double] = []
  private var gradient = [Double](repeating: 0, count: 257)
  private let seed: UInt64
  private let mistake: Mistake

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
  let parameterCount = 257
  let contextLength = 1000
  let endToken: Int32 = 256
  var isReady: Bool { !logits.isEmpty }

  func create(fromTexts texts: [String]) throws(FulcrumError) {
    var stream = CounterRandom(seed: seed, purpose: "weights").stream(0)
    logits = (0..<257).map { _ in stream.normal() }
  }

  func encode(_ text: String) throws(FulcrumError) -> [Int32] { text.utf8.map { Int32($0) } }

  func decode(_ tokens: [Int32], keepingSpecialTokens: Bool) throws(FulcrumError) -> String {
    String(decoding: tokens.filter { $0 < 256 }.map { UInt8($0) }, as: UTF8.self)
  }

  private func logProbability(_ token: Int32) -> Double {
    let greatest = logits.max() ?? 0
    let sum = logits.reduce(0) { $0 + exp($1 - greatest) }
    return logits[Int(token)] - greatest - log(sum)
  }

  private var probabilities: [Double] { (0..<257).map { exp(logProbability(Int32($0))) } }

  func generate(_ request: GenerationRequest) throws(FulcrumError) -> Generation {
    let random = CounterRandom(seed: request.seed, purpose: "sampling")
    let probabilities = probabilities
    var isFinished: [Bool] = []
    let completions = request.prompts.map { prompt in
      (0..<request.samplesPerPrompt).map { sample in
        var tokens: [Int32] = []
        while tokens.count < request.maximumTokens, tokens.last != endToken {
          var rest = Double(
            random.uniform(
              step: request.step, prompt: prompt.id, sample: UInt32(sample),
              token: UInt32(tokens.count)))
          var token = 0
          while token < 256, rest >= probabilities[token] {
            rest -= probabilities[token]
            token += 1
          }
          tokens.append(Int32(token))
        }
        isFinished.append(tokens.last == endToken)
        return tokens
      }
    }
    var logs = completions.joined().joined().map { Float(logProbability($0)) }
    if mistake == .infinite { logs[1] = -.infinity }
    return Generation(
      sequences: SequenceBatch(prompts: request.prompts.map(\.tokens), completions: completions),
      logProbabilities: logs, isFinished: isFinished)
  }

  private func columns(
    _ batch: SequenceBatch, _ sequence: Int
  ) -> (logs: [Float], entropies: [Float], levers: [Float]) {
    let shift: Float = mistake == .otherScores ? 0.25 : 0
    let logs = batch.tokens(ofSequence: sequence).map {
      Float(logProbability(batch.tokens[$0])) - shift
    }
    let entropy = probabilities.reduce(0) { $0 - $1 * log($1) }
    let levers = batch.tokens(ofSequence: sequence).map { lever(of: batch.tokens[$0]) }
    return (logs, levers.map { _ in Float(entropy) }, levers)
  }

  private func lever(of token: Int32) -> Float {
    let squares = probabilities.enumerated().reduce(0.0) { sum, other in
      let part = (other.offset == Int(token) ? 1 : 0) - other.element
      return sum + part * part
    }
    return Float(squares.squareRoot())
  }

  /// Its distribution doesn't heed the temperature, so its lever is that of any.
  func activationGradients(
    of tokens: [Int], in batch: SequenceBatch, temperature: Float
  ) throws(FulcrumError) -> ActivationGradients {
    if mistake == .silent { throw FulcrumError(.unsupported, "can't tell") }
    var factor: Float = mistake == .longNorms ? 1.01 : 1
    if mistake == .sharedNorms && tokens.count == 1 { factor = 2 }
    var norms = tokens.map { lever(of: batch.tokens[$0]) * factor / temperature }
    let own = mistake == .ownBeyondAll ? norms.map { 1.1 * $0 } : norms
    if mistake == .tooFewNorms { norms.removeLast() }
    return ActivationGradients(
      layers: mistake == .otherLayers && tokens.count == 1 ? ["head"] : ["logits"], norms: norms,
      ownNorms: mistake == .tooFewOwnNorms ? [] : own)
  }

  func score(
    _ batch: SequenceBatch, sequences: Range<Int>, temperature: Float,
    visit: (Range<Int>, borrowing TokenScores) throws(FulcrumError) -> Void
  ) throws(FulcrumError) {
    for sequence in sequences where !(mistake == .skipsSequence && sequence == 1) {
      let columns = columns(batch, sequence)
      let scores = TokenScores(
        logProbabilities: columns.logs.span, entropies: columns.entropies.span,
        levers: columns.levers.span)
      try visit(sequence..<sequence + 1, scores)
    }
  }

  func accumulateGradient(
    of batch: SequenceBatch, sequences: Range<Int>, temperature: Float,
    weigh: (Range<Int>, borrowing TokenScores, inout MutableSpan<Float>) throws(FulcrumError) ->
      Void
  ) throws(FulcrumError) {
    let probabilities = probabilities
    for sequence in sequences {
      let columns = columns(batch, sequence)
      let scores = TokenScores(
        logProbabilities: columns.logs.span, entropies: columns.entropies.span,
        levers: columns.levers.span)
      var weights = [Float](repeating: 0, count: columns.logs.count)
      var span = weights.mutableSpan
      try weigh(sequence..<sequence + 1, scores, &span)
      for (place, token) in batch.tokens(ofSequence: sequence).enumerated() {
        for other in 0..<257 {
          let hit = other == Int(batch.tokens[token]) ? 1.0 : 0
          gradient[other] += Double(weights[place]) * (hit - probabilities[other])
        }
      }
    }
  }

  func applyGradient(learningRate: Double) throws(FulcrumError) -> GradientReport {
    let rate = mistake == .wrongSign ? -learningRate : learningRate
    for index in logits.indices { logits[index] += rate * gradient[index] }
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
