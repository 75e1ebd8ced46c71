import FulcrumKernel
import JSON
import Report
import Runs
import Testing

@Suite struct ArmStudyTests {
  /// Means of the two shares: 0.5 and 0.7; 0.4 and 0.75, and 0.1 on a seed that the first lacks.
  private func runs() throws -> [SeedRun] {
    [
      try SeedRun("mine", seed: 1, (6, 8), reward: 1),
      try SeedRun("mine", seed: 2, (8, 12), reward: 2),
      try SeedRun("plain", seed: 1, (4, 8), reward: -1),
      try SeedRun("plain", seed: 2, (9, 12), reward: 2),
      try SeedRun("plain", seed: 3, (1, 2), reward: 0),
    ]
  }

  private func text(_ study: ArmStudy) -> [String] {
    study.tables.map(\.text).joined(separator: "\n").split(separator: "\n").map(String.init)
  }

  @Test func `arms are compared with the first one on the same seeds`() throws {
    let runs = try runs()
    let study = ArmStudy(RunSummary.summaries(of: runs.map(\.record)))
    // plain − mine: −10 and 5 points. t = −2.5 / (10.6066 / √2) = −1/3: p = 1 − 2/π · atan(1/3) = 0.795.
    // Of six pairs plain wins 0.75 against both: 2/6. Wilson's interval of a third of two.
    let wanted: [String] = [
      "Arms: means over seeds (2 arms, 5 runs, after steps 1)",
      "arm    runs  accuracy, %  reward",
      "mine      2         60.0   1.500",
      "plain     3         41.7   0.333",
      "Differences from mine, seed by seed",
      "measure      arm                       mean                difference   seeds   "
        + "          ahead  p (Holm)",
      "accuracy, %  mine       60.0 (50.0 to 70.0)",
      "             plain      41.7 (10.0 to 75.0)      −2.5 (−10.0 to +5.0)  1 of 2  0"
        + ".33 (0.05–0.84)     0.795",
      "reward       mine    1.500 (1.000 to 2.000)",
      "             plain  0.333 (−1.000 to 2.000)  −1.000 (−2.000 to 0.000)  0 of 2  0"
        + ".25 (0.03–0.80)     0.500",
      "In parentheses: 95 % intervals. Differences are on the same seeds, of shares in points. Seeds:"
        + " on so many",
      "the arm's number is larger. Ahead: how likely it is larger on new seeds. p: paired t-test, for"
        + " 1 arm at once.",
    ]
    #expect(text(study) == wanted)
    let page = Page.comparison(of: runs.map(\.record))
    #expect(page.text.contains("Differences from mine, seed by seed"))
    #expect(page.text.contains("−2.5 (−10.0 to +5.0)"))
    #expect(page.charts.map(\.id).starts(with: ["difference-accuracy", "difference-reward"]))
  }

  @Test func `some measures can be shown alone`() throws {
    var study = ArmStudy(RunSummary.summaries(of: try runs().map(\.record)))
    try study.choose(["reward"])
    #expect(text(study)[1] == "arm    runs  reward")
    #expect(!text(study).contains { $0.contains("accuracy") })
    let error = #expect(throws: FulcrumError.self) { try study.choose(["reward", "pass@9"]) }
    #expect(
      error?.description
        == "--measure: expected a measure of these runs, got 'pass@9'\n  hint: they have"
        + " 'accuracy', 'reward'")
  }

  @Test func `another arm can be the reference, by its name`() throws {
    let runs = try runs()
    let summaries = RunSummary.summaries(of: runs.map(\.record), reference: "plain")
    let study = try ArmStudy(summaries, reference: "plain")
    let lines = text(study)
    #expect(lines.contains("Differences from plain, seed by seed"))
    #expect(lines.contains { $0.contains("mine") && $0.contains("+2.5 (−5.0 to +10.0)") })
    #expect {
      _ = try ArmStudy(summaries, reference: "other")
    } throws: { error in
      "\(error)"
        == "--reference: no arm is named 'other'\n  hint: the arms are 'mine', 'plain'"
    }
  }

  @Test func `one seed has no interval and no p`() throws {
    let one = try SeedRun("mine", seed: 1, (1, 4), reward: 1)
    let other = try SeedRun("plain", seed: 1, (3, 0), reward: 1)
    let study = ArmStudy(RunSummary.summaries(of: [one.record, other.record]))
    let lines = text(study)
    // (0.1 + 0.2) / 2 is (0.3 + 0) / 2, and that is no lead.
    #expect(
      lines.contains {
        $0.split(separator: " ").map(String.init)
          == ["plain", "15.0", "0.0", "0", "of", "1", "0.50", "–"]
      }, "\(lines)")
  }

  @Test func `arms without a number of a kind, or without a seed in common, have dashes`() throws {
    let one = try SeedRun("a", seed: 1, (1, 1), reward: 1)
    let other = try SeedRun("b", seed: 2, (1, 1), reward: 1)
    try other.folder.write("", to: "evaluations.jsonl")
    let study = ArmStudy(
      RunSummary.summaries(of: [one.record, try RunRecord(other.folder.path)]))
    let lines = text(study)
    #expect(lines[0].hasSuffix("(2 arms, 2 runs, after steps 1, held out of 1 of them)"))
    #expect(lines.contains("b       1            –   1.000"), "\(lines)")
    #expect(
      lines.contains {
        $0.split(separator: " ").map(String.init) == ["b", "1.000", "–", "–", "0.50", "–"]
      }, "\(lines)")
  }

  @Test func `arms of one name are told apart by their settings`() throws {
    let slow = try SeedRun("x", seed: 1, (1, 1), reward: 1)
    let fast = try SeedRun("x", seed: 1, (1, 1), reward: 1)
    try fast.folder.write(
      "arm: x\nseed: 1\nadvantage: of-x\nupdate: {learning-rate: 2e-4}\n", to: "run.yaml")
    let lines = [slow.record, try RunRecord(fast.folder.path)].flatMap { run in
      RunSummary.summaries(of: [run]).map { summary -> RunSummary in
        var summary = summary
        summary.arm = "x"
        return summary
      }
    }
    let names = text(ArmStudy(lines))[2...3].map { $0.prefix { $0 != ")" } }
    #expect(names == ["x (update.learning-rate 0.0001", "x (update.learning-rate 0.0002"])
  }

  @Test func `the data have every number, and null where there is none`() throws {
    let runs = try runs()
    let study = ArmStudy(RunSummary.summaries(of: runs.map(\.record)))
    struct Data: Decodable {
      struct Mean: Decodable {
        let mean: Double
        let low: Double?
        let seeds: Int
      }
      struct Value: Decodable {
        let seed: Int
        let value: Double
      }
      struct Arm: Decodable {
        let arm: String
        let values: [Value]
        let mean: Mean
        let difference: Mean?
        let wins: Int?
      }
      struct Measure: Decodable {
        let name: String
        let arms: [Arm]
      }
      let reference: String
      let measures: [Measure]
    }
    let data = try JSONRecord.decode(Data.self, from: Array(study.data.text.utf8))
    #expect(data.reference == "mine")
    #expect(data.measures.map(\.name) == ["accuracy", "reward"])
    let arms = data.measures[0].arms
    #expect(arms.map(\.arm) == ["mine", "plain"])
    #expect(arms[1].values.map(\.seed) == [1, 2, 3])
    #expect(arms[1].values.map(\.value) == [0.4, 0.75, 0.1])
    #expect(arms[0].difference == nil && arms[1].difference?.seeds == 2)
    #expect(arms[1].wins == 1)
    #expect(abs((arms[1].difference?.low ?? 0) + 0.1) < 1e-12)
  }

  @Test func `a table is split where a terminal is too narrow, and Markdown is not`() throws {
    let runs = try runs()
    let study = ArmStudy(RunSummary.summaries(of: runs.map(\.record)))
    for table in study.tables {
      #expect(table.text.split(separator: "\n").allSatisfy { $0.count <= 120 })
    }
    let markdown = study.tables[0].markdown
    #expect(
      markdown.hasSuffix(
        """
        | arm | runs | accuracy, % | reward |
        | --- | ---: | ---: | ---: |
        | mine | 2 | 60.0 | 1.500 |
        | plain | 3 | 41.7 | 0.333 |

        """))
  }
}
