import Foundation
import FulcrumKernel
import TransformerFormats
import TransformerPlugin

/// Places and makers that several tests share.
enum Fixtures {
  /// Random two-layer checkpoints with reference results: a Llama with a head of its own; a Qwen2
  /// with biases and a Qwen3 with head norms and wide heads, both tied.
  static let checkpoints = ["tiny-llama", "tiny-qwen2", "tiny-qwen3"]

  /// The folder of one of `checkpoints`.
  static func checkpoint(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Fixtures/" + name).path
  }

  /// Reads the results of transformers, and of an implementation in float64, for a checkpoint.
  static func reference(_ name: String) throws -> Reference {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(
      Reference.self,
      from: Data(contentsOf: URL(fileURLWithPath: checkpoint(name) + "/reference.json")))
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

  /// A fresh policy of a few thousand parameters: a gradient by differences takes each of them.
  static func tinyPolicy(_ family: ModelFamily, tied: Bool) throws -> TransformerPolicy {
    let policy = try policy([
      "family": .text(family.rawValue), "vocabulary": .integer(259), "width": .integer(4),
      "layers": .integer(2), "heads": .integer(4), "key-value-heads": .integer(2),
      "head-size": .integer(2), "hidden-width": .integer(6), "context": .integer(16),
      "tied": .flag(tied),
    ])
    try policy.create(fromTexts: ["ab"])
    policy.varyVectors()
    return policy
  }

  /// A fresh small policy of a family, whose biases and gains are no longer 0 and 1.
  static func variedPolicy(
    _ family: ModelFamily, tied: Bool = true, threads: Int = 1, more: [String: ParameterValue] = [:]
  ) throws -> TransformerPolicy {
    let policy = try smallPolicy(
      tied: tied, threads: threads,
      more: more.merging(["family": .text(family.rawValue)]) { given, _ in given })
    policy.varyVectors()
    return policy
  }

  /// All tensors of a file, in the order of their data.
  static func tensors(
    _ path: String
  ) throws -> [(name: String, shape: [Int], values: [Float])] {
    let file = try TensorFile(path: path)
    return try file.namesInOrder.map { name in
      let shape = file.tensors[name]?.shape ?? []
      var values = [Float](repeating: 0, count: shape.reduce(1, *))
      var span = values.mutableSpan
      try file.read(name, shape: shape, into: &span)
      return (name, shape, values)
    }
  }

  /// Writes tensors.
  static func write(
    _ tensors: [(name: String, shape: [Int], values: [Float])], to path: String,
    precision: TensorPrecision = .f32, metadata: [String: String] = [:]
  ) throws {
    try TensorFile.write(
      path: path, metadata: metadata,
      tensors: tensors.map { .init(name: $0.name, shape: $0.shape, precision: precision) }
    ) { (index, body) throws(FulcrumError) in
      let values = tensors[index].values
      try body(values.span)
    }
  }

  /// Changes a JSON file.
  static func edit(_ path: String, _ change: (inout [String: Any]) -> Void) throws {
    let url = URL(fileURLWithPath: path)
    let json = try JSONSerialization.jsonObject(with: Data(contentsOf: url))
    guard var members = json as? [String: Any] else { throw CocoaError(.fileReadCorruptFile) }
    change(&members)
    try JSONSerialization.data(withJSONObject: members).write(to: url)
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

/// The results of a reference implementation on four sequences.
struct Reference: Decodable {
  let promptLengths: [Int]
  let inputIds: [[Int32]]
  let weights: [[Float]]
  let tokenLogprobs: [[Float]]
  let logitsOfSequence0: [[Double]]

  var batch: SequenceBatch { SequenceBatch(whole: inputIds, promptLengths: promptLengths) }
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
    try score(
      batch, sequences: 0..<batch.sequenceCount, request: ScoreRequest(temperature: temperature)
    ) { _, scores in
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
    _ batch: SequenceBatch, weights given: [Float], temperature: Float = 1,
    participants: TokenMask = .all
  ) throws {
    try accumulateGradient(
      of: batch, sequences: 0..<batch.sequenceCount,
      request: ScoreRequest(temperature: temperature), participants: participants
    ) { tokens, _, weights in
      for i in weights.indices { weights[i] = given[tokens[i]] }
    }
  }

  /// Accumulates Σ (w ∇ log π + v ∇ H) for weights flat over the batch's completion tokens.
  func accumulate(
    _ batch: SequenceBatch, weights given: [Float], entropyWeights givenEntropy: [Float],
    temperature: Float = 1, participants: TokenMask = .all
  ) throws {
    try accumulateGradient(
      of: batch, sequences: 0..<batch.sequenceCount,
      request: ScoreRequest(temperature: temperature), participants: participants
    ) { tokens, _, weights, entropyWeights in
      for i in weights.indices {
        weights[i] = given[tokens[i]]
        entropyWeights[i] = givenEntropy[tokens[i]]
      }
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

  /// Adds numbers between -0.25 and 0.25 to all gains and biases.
  func varyVectors() {
    guard let network else { return }
    for tensor in network.layout.tensors where tensor.shape.count == 1 {
      for (i, place) in tensor.range.enumerated() {
        network.parameters.pointer[place] += Float((i * 29 + tensor.offset) % 41 - 20) / 80
      }
    }
  }

  /// All parameters, as bits.
  var parameterBits: [UInt32] {
    guard let network else { return [] }
    return network.layout.tensors.flatMap { values(of: $0).map(\.bitPattern) }
  }
}

extension Data {
  /// The first occurrence of a text replaced by another of the same length.
  func replacing(_ text: String, with other: String) -> Data {
    var copy = self
    if let range = range(of: Data(text.utf8)) {
      copy.replaceSubrange(range, with: Data(other.utf8))
    }
    return copy
  }
}
