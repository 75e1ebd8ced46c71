import Foundation
import FulcrumKernel
import Testing
import TransformerFormats
import TransformerPlugin

/// Adapters that peft made, against what peft and torch made of them in float64
/// (`Tests/Fixtures/lora/make-lora.py`).
struct LoRAReferenceTests {
  private struct Expected: Decodable {
    let loss: Double
    let logProbabilities: [[Double]]
    let norms: [Double]
  }

  private func expected(_ name: String) throws -> Expected {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(
      Expected.self,
      from: Data(contentsOf: URL(fileURLWithPath: Fixtures.adapter(name) + "/expected.json")))
  }

  /// The optimiser of the script.
  private func policy(
    _ name: String, _ way: ProductTests.Way = ProductTests.openBLAS
  ) throws -> TransformerPolicy {
    try Fixtures.policy(
      way.parameters.merging([
        "checkpoint": .text(Fixtures.adapter(name)), "beta1": .number(0.8), "beta2": .number(0.95),
        "epsilon": .number(1e-3), "weight-decay": .number(0.1), "max-gradient-norm": .number(5),
      ]) { $1 }, threads: 2)
  }

  private static let f32 = ProductTests.ways.filter { $0.precision == "f32" }

  @Test(arguments: Fixtures.checkpoints, f32)
  func `log-probabilities agree with peft`(_ name: String, _ way: ProductTests.Way) throws {
    let policy = try policy(name, way)
    let batch = try Fixtures.reference(name).batch
    let scores = try policy.allScores(batch).logProbabilities
    let wanted = try expected(name).logProbabilities.flatMap(\.self)
    #expect(scores.count == wanted.count)
    // Float32 sums of logits of size 10, in two layers, against float64: as the base's.
    for (got, want) in zip(scores, wanted) { #expect(abs(Double(got) - want) < 2e-5) }
    // The adapters matter.
    let base = try Fixtures.policy(["checkpoint": .text(Fixtures.checkpoint(name))])
    let plain = try base.allScores(batch).logProbabilities
    #expect(zip(scores, plain).contains { abs($0 - $1) > 0.1 })
  }

  @Test(arguments: Fixtures.checkpoints, f32)
  func `gradients and two steps of AdamW agree with peft and torch`(
    _ name: String, _ way: ProductTests.Way
  ) throws {
    let policy = try policy(name, way)
    let reference = try Fixtures.reference(name)
    let weights = zip(reference.weights, reference.promptLengths).flatMap { $0.dropFirst($1) }
    let wanted = try Dictionary(
      uniqueKeysWithValues: Fixtures.tensors(Fixtures.adapter(name) + "/expected.safetensors").map {
        ($0.name, $0.values)
      })
    let network = try #require(policy.network)
    let tensors = network.trainedTable.tensors
    #expect(
      Set(wanted.keys) == Set(tensors.flatMap { ["gradient." + $0.name, "after." + $0.name] }))
    let norms = try expected(name).norms
    for step in 0..<2 {
      try policy.accumulate(reference.batch, weights: weights)
      for tensor in tensors where step == 0 {
        let values = try #require(wanted["gradient." + tensor.name])
        let largest = values.reduce(0) { max($0, abs($1)) }
        // The reference is of the loss −Σ w log π.
        let fault = zip(policy.gradient(of: tensor), values).reduce(0) {
          max($0, abs($1.0 + $1.1))
        }
        // Two layers in float32: some 20 roundings of 6e-8 on each path, and sums over 87 tokens.
        #expect(largest > 0 && fault / largest < 2e-5, "\(tensor.name): \(fault / largest)")
      }
      let report = try policy.applyGradient(learningRate: 1e-2)
      #expect(abs(report.norm - norms[step]) < 1e-5 * norms[step])
      #expect(report.isClipped == (norms[step] > 5))
    }
    for tensor in tensors {
      let values = try #require(wanted["after." + tensor.name])
      let fault = tensor.range.enumerated().reduce(0) {
        max($0, abs(network.trained.pointer[$1.element] - values[$1.offset]))
      }
      // Numbers up to 1 rounded twice at 6e-8, and updates of 0.01 whose gradients, 1e-5 of the
      // tensor's largest apart, are divided by at least the epsilon of 1e-3.
      #expect(fault < 2e-6, "\(tensor.name): \(fault)")
    }
  }
}
