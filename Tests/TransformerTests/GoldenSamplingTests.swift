import Foundation
import FulcrumKernel
import Testing
import TransformerKernels

/// Cut distributions beside those of transformers' logits processors, which the engine's tests read too:
/// `Fixtures/golden/make-sampling.py`.
@Suite struct GoldenSamplingTests {
  struct Case: Decodable, Sendable {
    let temperature: Float
    let topK: Int32
    let topP: Float
    let minP: Float
    let barsEnds: Bool
    let logits: [Float]
    let probabilities: [Double]
    let draws: [Draw]
  }

  struct Draw: Decodable, Sendable {
    let uniform: Float
    let token: Int32
  }

  struct File: Decodable {
    let endTokens: [Int]
    let cuts: [Case]
  }

  static let file: File? = {
    let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Fixtures/golden/sampling.json")
    return (try? Data(contentsOf: path)).flatMap { try? JSONDecoder().decode(File.self, from: $0) }
  }()

  @Test(arguments: file?.cuts ?? [])
  func `a cut distribution and its draws are transformers'`(_ given: Case) throws {
    let count = given.logits.count
    var scratch = [Float](repeating: 0, count: (count + 15) / 16 * 16)
    var logits = given.logits
    if given.barsEnds {
      for end in try #require(Self.file).endTokens { logits[end] = -.infinity }
    }
    for draw in given.draws {
      let token = tk_sample_truncated(
        logits, Int32(count), 1 / given.temperature, given.topK, given.topP, given.minP,
        draw.uniform, &scratch)
      #expect(token == draw.token)
    }
    let total = scratch.prefix(count).reduce(0.0) { $0 + Double($1) }
    for token in 0..<count {
      let (got, expected) = (Double(scratch[token]) / total, given.probabilities[token])
      // Exponentials of logits of up to 9, whose rounding is 5e-7 of the result, and a sum.
      #expect(abs(got - expected) <= 2e-6 * expected, "token \(token)")
    }
    #expect(scratch.suffix(from: count).allSatisfy { $0 == 0 })
  }

  @Test func `the cases are there`() throws { #expect(try #require(Self.file).cuts.count == 60) }
}
