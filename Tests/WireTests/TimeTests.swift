import Foundation
import Testing
import Wire

/// How long a round takes, where FULCRUM_TIMES asks for it: on a busy machine it says nothing.
@Suite("times", .enabled(if: ProcessInfo.processInfo.environment["FULCRUM_TIMES"] != nil))
struct TimeTests {
  private static let tokens = 16_384

  /// The median of many rounds, in milliseconds, printed.
  private func median(_ name: String, _ rounds: [Duration]) -> Double {
    let sorted = rounds.map { $0 / .milliseconds(1) }.sorted()
    let median = sorted[sorted.count / 2]
    print(
      "\(name): \(median) ms a round (fastest \(sorted[0]), slowest \(sorted[sorted.count - 1]))")
    return median
  }

  @Test("three columns of 16,384 tokens go to Python and back within 0.3 ms")
  func echo() throws {
    let workshop = try Workshop()
    let program = try workshop.start("start(); serve()")
    let column = WireArray((0..<Self.tokens).map { Float($0) })
    let arrays = ["logProbabilities", "entropies", "levers"].map { (name: $0, array: column) }
    let rounds = try (0..<500).map { _ in
      try ContinuousClock().measure {
        let frame = try program.call("echo", ([], arrays))
        #expect(try frame.array("levers").floats().count == Self.tokens)
      }
    }
    #expect(median("echo", rounds) < 0.3)
  }

  @Test("a piece of 16,384 tokens is weighed within 0.3 ms")
  func piece() throws {
    let workshop = try Workshop()
    let program = try workshop.start(
      """
      import array
      column = array.array("f", range(16384))
      columns = {"places": array.array("q", range(16384)), "logProbabilities": column,
                 "entropies": column, "levers": column}
      start()
      while True:
          asked()
          for k in range(500):
              assert len(event(columns).arrays["weights"].values()) == 16384
          reply()
      """)
    let weights = [Float](repeating: 1, count: Self.tokens)
    var rounds: [Duration] = []
    var last: ContinuousClock.Instant?
    _ = try program.call("accumulate") { (event) throws(WireFault) in
      let now = ContinuousClock.now
      if let last { rounds.append(now - last) }
      last = now
      for name in ["logProbabilities", "entropies", "levers"] {
        guard try event.array(name).floats().count == weights.count else { return nil }
      }
      guard try event.array("places").integers().count == weights.count else { return nil }
      return ([], [("weights", WireArray(weights))])
    }
    #expect(rounds.count == 499)
    #expect(median("piece", rounds) < 0.3)
  }
}
