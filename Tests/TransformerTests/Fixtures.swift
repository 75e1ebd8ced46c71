import Foundation
import FulcrumKernel
import TransformerFormats
import TransformerPlugin

/// Places and makers that several tests share.
enum Fixtures {
  /// Tests/Fixtures/tiny-llama: a random two-layer checkpoint with reference results.
  static var tinyLlama: String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Fixtures/tiny-llama").path
  }

  /// A policy of given parameters; the others are the manual's defaults.
  static func policy(
    _ given: [String: ParameterValue], threads: Int = 1, seed: UInt64 = 1
  ) throws -> TransformerPolicy {
    try TransformerPolicy(
      Parameters(given, for: TransformerPolicy.manual.parameters, at: "policy"),
      context: ComponentContext(seed: seed, threads: threads))
  }

  /// A fresh small policy: grouped queries, heads that don't fill a vector.
  static func smallPolicy(
    tied: Bool = true, threads: Int = 1, more: [String: ParameterValue] = [:]
  ) throws -> TransformerPolicy {
    let shape: [String: ParameterValue] = [
      "vocabulary": .integer(280), "width": .integer(24), "layers": .integer(2),
      "heads": .integer(4), "key-value-heads": .integer(2), "hidden-width": .integer(40),
      "context": .integer(96), "tied": .flag(tied),
    ]
    let policy = try policy(shape.merging(more) { _, new in new }, threads: threads)
    try policy.create(fromTexts: ["knights and knaves, knights or knaves, knights not knaves"])
    return policy
  }

  /// A folder that is removed when `body` returns.
  static func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("fulcrum-transformer-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder.path)
  }
}

extension SequenceBatch {
  /// Groups of one completion each: the first `promptLengths[i]` tokens of sequence i are prompt.
  init(whole sequences: [[Int32]], promptLengths: [Int]) {
    self.init(
      prompts: zip(sequences, promptLengths).map { Array($0.prefix($1)) },
      completions: zip(sequences, promptLengths).map { [Array($0.dropFirst($1))] })
  }
}

extension TransformerPolicy {
  /// Every completion token's scores at a temperature.
  func allScores(
    _ batch: SequenceBatch, temperature: Float = 1
  ) throws -> (logProbabilities: [Float], entropies: [Float], levers: [Float]) {
    var logProbabilities: [Float] = []
    var entropies: [Float] = []
    var levers: [Float] = []
    try score(batch, sequences: 0..<batch.sequenceCount, temperature: temperature) { _, scores in
      for i in scores.logProbabilities.indices {
        logProbabilities.append(scores.logProbabilities[i])
        entropies.append(scores.entropies[i])
        levers.append(scores.levers[i])
      }
    }
    return (logProbabilities, entropies, levers)
  }

  /// Accumulates Σ w ∇ log π for weights flat over the batch's completion tokens.
  func accumulate(
    _ batch: SequenceBatch, weights given: [Float], temperature: Float = 1
  ) throws {
    try accumulateGradient(
      of: batch, sequences: 0..<batch.sequenceCount, temperature: temperature
    ) { sequences, _, weights in
      let first = batch.tokens(ofSequences: sequences).lowerBound
      for i in weights.indices { weights[i] = given[first + i] }
    }
  }

  /// The accumulated gradient of a tensor.
  func gradient(of tensor: ParameterLayout.Tensor) -> [Float] {
    guard let training else { return [] }
    return tensor.range.map { training.gradients.pointer[$0] }
  }

  /// A tensor's parameters.
  func values(of tensor: ParameterLayout.Tensor) -> [Float] {
    guard let network else { return [] }
    return tensor.range.map { network.parameters.pointer[$0] }
  }

  /// All parameters, as bits.
  var parameterBits: [UInt32] {
    guard let network else { return [] }
    return network.layout.tensors.flatMap { values(of: $0).map(\.bitPattern) }
  }
}
