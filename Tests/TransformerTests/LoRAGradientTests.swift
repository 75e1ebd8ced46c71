import Foundation
import FulcrumKernel
import Testing
import TransformerFormats
import TransformerPlugin

/// Gradients of adapters against central differences of the model in `Double` whose weights are
/// W + s · B A.
struct LoRAGradientTests {
  private static let temperature = 0.8
  private static let weights: [Float] = [0.7, -0.4, 1.25, 0.3, -1, 0.5, 0.9, 0.6, -0.6, 2]
  private static let entropyWeights: [Float] = [2, 1, -0.5, 0, 1.5, 3, -2, 0, 0, 0]
  private let batch = SequenceBatch(
    prompts: [[5, 10, 7], [1]],
    completions: [[[7, 2, 3], [11], [], [9, 3]], [[2], [8, 4, 9]]])

  /// The model in `Double`, and the adapters' factors under their names.
  private struct Adapted {
    let base: DoubleOracle
    var factors: [String: [Double]]
    let rank: Int
    let scale: Double

    init(_ policy: TransformerPolicy, scale: Double) throws {
      base = try DoubleOracle(policy)
      let adapter = try #require(policy.network?.adapter)
      rank = adapter.layout.rank
      self.scale = scale
      factors = Dictionary(
        uniqueKeysWithValues: adapter.layout.table.tensors.map { tensor in
          (tensor.name, tensor.range.map { Double(adapter.parameters.pointer[$0]) })
        })
    }

    /// The model whose weights have their adapters' products added.
    var merged: DoubleOracle {
      var merged = base
      for (name, up) in factors where name.contains(".lora_B.") {
        let weight = name.replacingOccurrences(of: "base_model.model.", with: "")
          .replacingOccurrences(of: ".lora_B.", with: ".")
        let down = factors[name.replacingOccurrences(of: "lora_B", with: "lora_A")] ?? []
        let inputs = down.count / rank
        for o in 0..<up.count / rank {
          for i in 0..<inputs {
            merged.tensors[weight]?[o * inputs + i] +=
              scale
              * (0..<rank).reduce(0.0) { $0 + up[o * rank + $1] * down[$1 * inputs + i] }
          }
        }
      }
      return merged
    }
  }

  @Test(arguments: ModelFamily.allCases, [["all-linear"], ["v_proj", "up_proj", "down_proj"]])
  func `the gradient of every factor agrees with central differences`(
    _ family: ModelFamily, targets: [String]
  ) throws {
    try Fixtures.withAdapted(
      Fixtures.tinyPolicy(family, tied: true), more: ["lora-targets": .texts(targets)]
    ) { policy, _ in
      let no = [Float](repeating: 0, count: 10)
      for (weights, entropyWeights) in [(Self.weights, no), (no, Self.entropyWeights)] {
        policy.discardGradient()
        try policy.accumulate(
          batch, weights: weights, entropyWeights: entropyWeights,
          temperature: Float(Self.temperature))
        // Alpha 4.5 by rank 3.
        let model = try Adapted(policy, scale: 1.5)
        let tensors = try #require(policy.network).trainedTable.tensors
        #expect(tensors.count == 2 * 2 * (targets.count == 1 ? 7 : targets.count))
        for tensor in tensors {
          var moved = model
          let h = 1e-5
          let values = model.factors[tensor.name] ?? []
          let numeric = values.indices.map { i in
            moved.factors[tensor.name]?[i] = values[i] + h
            let above = moved.merged.objective(
              batch, weights: weights, entropyWeights: entropyWeights,
              temperature: Self.temperature)
            moved.factors[tensor.name]?[i] = values[i] - h
            let below = moved.merged.objective(
              batch, weights: weights, entropyWeights: entropyWeights,
              temperature: Self.temperature)
            moved.factors[tensor.name]?[i] = values[i]
            return (above - below) / (2 * h)
          }
          let largest = numeric.reduce(0) { max($0, abs($1)) }
          let fault = zip(policy.gradient(of: tensor), numeric).reduce(0) {
            max($0, abs(Double($1.0) - $1.1))
          }
          // Float32 against Double: sums over 10 tokens and 2 layers, each rounding 6e-8.
          #expect(fault < 1e-5 * max(largest, 0.1), "\(tensor.name): \(fault) of \(largest)")
          #expect(numeric.count == tensor.count && largest > 0, "\(tensor.name) takes no part")
        }
      }
    }
  }

  private func tokens(_ count: Int, _ factor: Int, _ offset: Int) -> [Int32] {
    (0..<count).map { Int32(3 + ($0 * factor + offset) % 250) }
  }

  /// Rows with a gradient, rows without, and pieces give one gradient.
  @Test(arguments: ProductTests.ways.filter { $0.precision == "f32" })
  func `packing and shared prompts change only the order of sums`(
    _ way: ProductTests.Way
  ) throws {
    let batch = SequenceBatch(
      prompts: (0..<4).map { tokens(9, $0 + 2, 0) },
      completions: (0..<4).map { group in
        (0..<3).map { sample in tokens(7 + 5 * sample, 31, sample * 5 + group) }
      })
    // The second group has no weight.
    let weights: [Float] = (0..<batch.tokenCount).map { token in
      token / 36 == 1 ? 0 : Float((token * 7) % 5) - 2
    }
    try Fixtures.withAdapted(Fixtures.variedPolicy(.qwen3), more: way.parameters) {
      policy, folder in
      try policy.accumulate(batch, weights: weights)
      let other = try Fixtures.adapted(
        folder,
        more: way.parameters.merging([
          "microbatch-tokens": .integer(40), "share-prompts": .flag(false),
        ]) { $1 })
      other.varyAdapters()
      try other.accumulate(batch, weights: weights)
      for tensor in try #require(policy.network).trainedTable.tensors {
        let own = policy.gradient(of: tensor)
        let largest = own.reduce(0) { max($0, abs($1)) }
        let fault = zip(own, other.gradient(of: tensor)).reduce(0) { max($0, abs($1.0 - $1.1)) }
        // Float32 sums of some hundred rows.
        #expect(largest > 0 && fault < 2e-6 * largest, "\(tensor.name): \(fault) of \(largest)")
      }
    }
  }
}
