import Foundation
import FulcrumKernel
import Testing
import TransformerFormats
import TransformerPlugin

struct TimingScratchTests {
  @Test(arguments: ["openblas", "onednn"]) func time(products: String) throws {
    for (width, hidden) in [(256, 704), (576, 1536)] {
      let policy = try Fixtures.policy(
        ["products": .text(products), "vocabulary": .integer(1024), "width": .integer(width), "layers": .integer(4),
          "heads": .integer(8), "hidden-width": .integer(hidden), "context": .integer(512)], threads: 1)
      let words = (0..<2000).map { String($0 * 7919, radix: 26) }
      try policy.create(fromTexts: [words.joined(separator: " ")])
      func tokens(_ n: Int, _ s: Int) -> [Int32] { (0..<n).map { Int32(3 + ($0 * 37 + s * 11) % 500) } }
      let batch = SequenceBatch(
        prompts: (0..<4).map { tokens(150, $0) },
        completions: (0..<4).map { g in (0..<8).map { tokens(50, $0 + g * 8) } })
      let w = (0..<batch.tokenCount).map { Float($0 % 5) - 2 }
      var best = 1e9
      for _ in 0..<8 {
        let t = ContinuousClock.now
        try policy.accumulate(batch, weights: w)
        best = min(best, (ContinuousClock.now - t) / .seconds(1))
      }
      print("TT", products, width, best)
    }
  }
}
