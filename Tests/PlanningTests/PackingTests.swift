import JSON
import Planning
import Testing

/// Passes are whole numbers of tokens, so they must be the engine's own.
@Suite struct PackingTests {
  @Test func `passes and rounds are those of the engine`() throws {
    let cases = try Golden.read().list("packing")
    #expect(cases.count == 6)
    for one in cases {
      let sequences = try Self.sequences(one)
      let packing = Packing(
        ranks: try one.integer("ranks"), budget: try one.integer("budget"),
        mayShare: one["mayShare"] == .bool(true))
      let passes = packing.passes(of: sequences)
      let expected = try one.list("passes").map { try #require($0.elements) }
      #expect(passes.map(\.count) == expected.map(\.count))
      for (own, theirs) in zip(passes, expected) {
        for (pass, told) in zip(own, theirs) { try Self.compare(pass, told) }
      }
      let rounds = packing.adjacentRounds(of: sequences)
      let told = try one.list("rounds").map { try #require($0.elements) }
      #expect(rounds.count == told.count)
      for (round, theirs) in zip(rounds, told) {
        #expect(round.count == theirs.count)
        for (pass, told) in zip(round, theirs) {
          if let pass {
            try Self.compare(pass, told)
          } else {
            #expect(told == .null)
          }
        }
      }
    }
  }

  private static func compare(_ pass: PackedPass, _ told: JSONValue) throws {
    #expect(JSONValue.bool(pass.sharesPrompts) == told["shares"])
    #expect(pass.sequences.map(\.sequence) == (try told.integers("sequences")))
    #expect(pass.cost == (try told.integer("cost")))
    let work = pass.work
    #expect([work.calls, work.tokens, work.pairs, work.scored] == (try told.numbers("work")))
  }

  /// All tokens take part; the last is no input.
  private static func sequences(_ one: JSONValue) throws -> [PackedSequence] {
    let prompts = try one.integers("prompts")
    var sequences: [PackedSequence] = []
    for (group, lengths) in try one.list("lengths").enumerated() {
      for length in try #require(lengths.elements) {
        let count = try #require(length.integer)
        sequences.append(
          PackedSequence(
            group: group, sequence: sequences.count, prompt: prompts[group], used: count - 1,
            scored: count))
      }
    }
    return sequences
  }
}
