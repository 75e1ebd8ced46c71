import Foundation
import FulcrumKernel
import Testing
import TransformerFormats
import TransformerPlugin

struct InvarianceTests {
  struct Way: Sendable {
    var microbatch = 8192
    var packs = true
    var shares = true
    var logitRows = 0
    var order: [Int] = Array(0..<8)
    var calls = 1
    var name: String { "m\(microbatch) p\(packs) s\(shares) l\(logitRows) o\(order) c\(calls)" }
  }

  static let reversed = Array((0..<8).reversed())
  static let mixed = [3, 0, 7, 5, 1, 6, 2, 4]
  static let ways: [Way] = [
    Way(microbatch: 1), Way(microbatch: 64), Way(microbatch: 100), Way(microbatch: 150),
    Way(microbatch: 256), Way(microbatch: 400), Way(microbatch: 700),
    Way(packs: false), Way(shares: false), Way(microbatch: 100, shares: false),
    Way(microbatch: 256, shares: false), Way(packs: false, shares: false),
    Way(logitRows: 1), Way(logitRows: 64), Way(logitRows: 96), Way(logitRows: 160),
    Way(logitRows: 320), Way(order: reversed), Way(order: mixed), Way(calls: 2), Way(calls: 5),
    Way(calls: 32), Way(microbatch: 200, shares: false, logitRows: 32, order: mixed, calls: 3),
    Way(packs: false, logitRows: 32, order: reversed),
    Way(microbatch: 300, logitRows: 64, order: mixed, calls: 2),
    Way(shares: false, logitRows: 96, order: reversed, calls: 4),
  ]

  static func run(_ family: ModelFamily, _ way: Way, threads: Int, more: [String: ParameterValue])
    throws -> (g: [[Float]], delta: [[Float]], names: [String])
  {
    let policy = try Fixtures.variedPolicy(
      family, threads: threads,
      more: more.merging([
        "microbatch-tokens": .integer(way.microbatch), "packing": .flag(way.packs),
        "share-prompts": .flag(way.shares), "logit-rows": .integer(way.logitRows),
      ]) { a, _ in a })
    var prompts: [[Int32]] = []
    var completions: [[[Int32]]] = []
    var token = 7
    func tokens(_ count: Int) -> [Int32] {
      (0..<count).map { _ in
        token = (token * 1103 + 12345) % 65537
        return Int32(3 + token % 250)
      }
    }
    for group in 0..<8 {
      prompts.append(tokens([1, 5, 12, 33, 2, 17, 24, 8][group]))
      completions.append((0..<4).map { tokens((group * 7 + $0 * 11) % 40 + 1) })
    }
    let lengths = completions.map { $0.map(\.count) }
    let batch = SequenceBatch(
      prompts: way.order.map { prompts[$0] }, completions: way.order.map { completions[$0] })
    var w: [Float] = []
    var v: [Float] = []
    for group in way.order {
      for s in 0..<4 {
        for t in 0..<lengths[group][s] {
          w.append(group == 2 ? 0 : Float([1.25, -0.75, 0.5, -1][s]) * (1 + Float(t % 3) / 8) / 500)
          v.append(0.01 / 500)
        }
      }
    }
    let count = batch.sequenceCount
    for call in 0..<way.calls {
      let range = count * call / way.calls..<count * (call + 1) / way.calls
      try policy.accumulateGradient(of: batch, sequences: range, temperature: 0.9) {
        sequences, _, weights, entropyWeights in
        let first = batch.tokens(ofSequences: sequences).lowerBound
        for i in weights.indices {
          weights[i] = w[first + i]
          entropyWeights[i] = v[first + i]
        }
      }
    }
    let layout = try #require(policy.network).layout
    let g = layout.tensors.map { policy.gradient(of: $0) }
    let before = layout.tensors.map { policy.values(of: $0) }
    _ = try policy.applyGradient(learningRate: 0.01)
    let after = layout.tensors.map { policy.values(of: $0) }
    let delta = zip(before, after).map { zip($0, $1).map { $1 - $0 } }
    return (g, delta, layout.tensors.map(\.name))
  }

  static func norm(_ x: [Float]) -> Double {
    x.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
  }
  static func distance(_ x: [Float], _ y: [Float]) -> Double {
    zip(x, y).reduce(0) { $0 + pow(Double($1.0) - Double($1.1), 2) }.squareRoot()
  }

  @Test(arguments: ModelFamily.allCases, ["openblas", "onednn"])
  func explore(_ family: ModelFamily, products: String) throws {
    let more: [String: ParameterValue] = ["products": .text(products), "epsilon": .number(1), "max-gradient-norm": .number(0)]
    let all = try ([Way()] + Self.ways).map { ($0, try Self.run(family, $0, threads: 1, more: more)) }
    let flat = all.map { $0.1.g.flatMap(\.self) }
    var mean = [Float](repeating: 0, count: flat[0].count)
    for i in mean.indices { mean[i] = Float(flat.reduce(0.0) { $0 + Double($1[i]) } / Double(flat.count)) }
    for (i, x) in flat.enumerated() {
      let worst = all[i].1.names.indices.map { (Self.distance(all[i].1.g[$0], all[0].1.g[$0]), all[i].1.names[$0]) }.max { $0.0 < $1.0 }!
      print("XX", family, products, all[i].0.name, "to mean", Self.distance(x, mean) / Self.norm(mean), "to first", Self.distance(x, flat[0]) / Self.norm(mean), worst)
    }
  }
}
