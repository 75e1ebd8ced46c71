import FulcrumKernel
import Testing
import Wire

/// Frames of any content come back; damaged ones are refused or read, and nothing else happens.
@Suite("random frames") struct MutationTests {
  @Test("thousands of frames, sound and damaged", arguments: 0..<4 as Range<UInt64>)
  func frames(seed: UInt64) throws {
    var random = CounterRandom(seed: seed, purpose: "wire tests").stream(0)
    var refused = 0
    for _ in 0..<1500 {
      let frame = WireExercise.frame(&random)
      let bytes = try frame.encoded()
      try #require(Reading(bytes) { .random(in: 1...90, using: &random) }.frames == [frame])
      let damaged = WireExercise.damage(bytes, &random)
      if let contradiction = WireExercise.run(damaged) {
        Issue.record("\(contradiction): \(damaged)")
      }
      refused += Reading(damaged).fault == nil ? 0 : 1
    }
    // Were none refused, nothing would have been damaged; were all, nothing behind the prefix.
    #expect(refused > 300 && refused < 1450, "\(refused)")
  }
}
