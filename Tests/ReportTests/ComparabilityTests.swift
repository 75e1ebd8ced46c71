import FulcrumKernel
import Report
import Testing

/// Lines of runs that are set side by side: each once, and only where they count the same.
@Suite struct ComparabilityTests {
  /// - Parameter after: what was held out: a category, a measure and its number of items.
  private func line(
    _ arm: String, seed: Int, tokens: Int = 1, run: String? = nil,
    after: [(
      category: String, isTransfer: Bool, measures: [(name: String, mean: Double, count: Int)]
    )] = []
  ) -> String {
    let rows = after.map { row in
      let measures = row.measures.map {
        #"{"name": "\#($0.name)", "mean": \#($0.mean), "low": 0, "high": 1, "count": \#($0.count)}"#
      }.joined(separator: ", ")
      let transfer = row.isTransfer ? #""transfer": true, "# : ""
      return #"{"category": "\#(row.category)", \#(transfer)"measures": [\#(measures)]}"#
    }.joined(separator: ", ")
    return
      #"{"arm": "\#(arm)", "run": "\#(run ?? "\(arm)-\(seed)")", "seed": \#(seed), "method": "\#(arm)","#
      + #" "settings": {}, "steps": 1, "optimizer_steps": 1, "tokens": \#(tokens), "seconds": 1,"#
      + #" "lever": [], "token_share": [], "after_step": 1, "before": [], "after": [\#(rows)]}"#
  }

  private func runs(_ lines: String...) throws -> [RunSummary] {
    let folder = try RunFolder("lines")
    try folder.write(lines.map { $0 + "\n" }.joined(), to: "runs.jsonl")
    return try RunSummary.read(folder.path + "/runs.jsonl")
  }

  private func text(_ study: ArmStudy) -> [String] {
    study.tables.map(\.text).joined(separator: "\n").split(separator: "\n").map(String.init)
  }

  @Test func `a run that is named twice counts once`() throws {
    let lines = try runs(line("a", seed: 1), line("a", seed: 1, run: "copy"), line("a", seed: 2))
    #expect(try lines.distinct().map(\.run) == ["a-1", "a-2"])
    let other = try runs(line("a", seed: 1), line("a", seed: 1, tokens: 2, run: "other"))
    let error = #expect(throws: FulcrumError.self) { try other.distinct() }
    #expect(
      error?.description
        == "other: expected one run of 'a' with seed 1, got two\n  hint: a-1 is the other: leave one of them"
        + " out, or give the arms names of their own")
  }

  @Test func `other held-out items are told, and numbers that some runs lack`() throws {
    let few = ("all", false, [(name: "pass@1", mean: 0.5, count: 10)])
    let many = ("all", false, [(name: "pass@1", mean: 0.25, count: 20)])
    let study = ArmStudy(
      try runs(
        line("a", seed: 1, after: [few]), line("a", seed: 2), line("b", seed: 1, after: [many])))
    #expect(
      study.warnings == [
        "held out is not the same in all runs: a-1 has pass@1 of 10 of 'all', which b-1 lacks"
      ])
    let lines = text(study)
    #expect(lines[2] == "a       2  50.0 (of 1)       1      0.0", "\(lines)")
    #expect(lines[4] == "Warning: " + study.warnings[0] + ".")
    let same = ArmStudy(
      try runs(line("a", seed: 1, after: [few]), line("b", seed: 1, after: [few])))
    #expect(same.warnings.isEmpty)
  }

  @Test func `of transfer one share is shown, and all can be asked for`() throws {
    let measures = [(name: "pass@1", mean: 0.2, count: 4), (name: "greedy", mean: 0.3, count: 4)]
    var study = ArmStudy(
      try runs(line("a", seed: 1, after: [("3", false, measures), ("4", true, measures)])))
    #expect(
      text(study)[1] == "arm  runs  pass@1, %  greedy, %  transfer pass@1, %  tokens  minutes")
    try study.choose(["transfer greedy"])
    #expect(
      text(study)[1...2] == ["arm  runs  transfer greedy, %", "a       1                30.0"])
  }
}
