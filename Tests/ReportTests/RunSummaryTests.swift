import Charts
import Foundation
import JSON
import Report
import Runs
import Testing

@Suite struct RunSummaryTests {
  /// A run of six steps: a tenth of the tokens is unlikely, each step takes 2 s and 100 tokens.
  private func run(
    _ name: String, arm: String = "a", seed: Int = 3, steps: Int = 6, secondsOfStep: Double = 2,
    tokensOfStep: Int = 100
  ) throws -> RunFolder {
    let folder = try RunFolder(name)
    try folder.write(
      "arm: \(arm)\nseed: \(seed)\nsteps: \(steps)\nadvantage: [{use: \(arm), alpha: 0.3}]\n"
        + "update: {learning-rate: 1e-4}\n", to: "run.yaml")
    let quarters = ["0.00-0.25", "0.25-0.50", "0.50-0.75", "0.75-1.00"]
    let lines = (1...steps).map { step in
      "{\"step\": \(step), \"reward\": \(step), \"entropy\": \(1.0 / Double(step)),"
        + " \"completions/mean_length\": 10, \"grad_norm\": \(step), \"optimizer_steps\": 4,"
        + " \"num_tokens\": \(step * tokensOfStep), \"step_time\": \(secondsOfStep)"
        + quarters.enumerated().map { index, name in
          ", \"probability/\(name)/lever_share\": \([0.4, 0.3, 0.2, 0.1][index]),"
            + " \"probability/\(name)/token_share\": \([0.1, 0.1, 0.1, 0.7][index])"
        }.joined() + "}\n"
    }
    try folder.write(lines.joined(), to: "metrics.jsonl")
    let evaluations = stride(from: 0, through: steps, by: 2).map { step in
      "{\"step\": \(step), \"2 people\": {\"correct\": \(step), \"count\": 20}}\n"
    }
    try folder.write(evaluations.joined(), to: "evaluations.jsonl")
    return folder
  }

  @Test func `a line has what comparisons need, and reads back`() throws {
    let folder = try run("a-seed-3")
    let summary = try #require(RunSummary.summaries(of: [try folder.record]).first)
    // Six steps: the first and the last three. 1 + 1/2 + 1/3 and 1/4 + 1/5 + 1/6, over three.
    #expect(
      summary.line.hasPrefix(
        "{\"arm\": \"a\", \"run\": \"a-seed-3\", \"seed\": 3, \"method\": \""))
    let wanted: String =
      "\"settings\": {\"update.learning-rate\": \"0.0001\"}, \"steps\": 6,"
      + " \"optimizer_steps\": 24, \"tokens\": 600, \"seconds\": 12, \"reward\": {\"first\": 2,"
      + " \"last\": 5}, \"entropy\": {\"first\": 0.611111, \"last\": 0.205556}, \"length\":"
      + " {\"first\": 10, \"last\": 10}, \"grad_norm\": 3.5, \"lever\": [0.4, 0.3, 0.2, 0.1],"
      + " \"token_share\": [0.1, 0.1, 0.1, 0.7], \"after_step\": 6, \"before\": [{\"category\":"
      + " \"2 people\", \"measures\": [{\"name\": \"accuracy\", \"mean\": 0, \"low\": 0, \"high\":"
    #expect(summary.line.contains(wanted), "\(summary.line)")
    #expect(summary.line.utf8.count < 4096)
    let file = folder.path + "/runs.jsonl"
    try RunSummary.write([summary, summary], to: file)
    #expect(try RunSummary.read(file) == [summary, summary])
  }

  @Test func `settings are those that differ from the reference`() throws {
    let (one, two) = (try run("one"), try run("two", arm: "b"))
    try two.write(
      "arm: b\nseed: 3\nadvantage: [{use: b}]\nupdate: {learning-rate: 2e-4}\n", to: "run.yaml")
    let runs = RunSummary.summaries(of: [try one.record, try two.record])
    #expect(runs[0].settings.values == ["update.learning-rate": "0.0001"])
    #expect(
      runs[1].settings.values == [
        "advantage[0].alpha": nil, "advantage[0].use": "b", "steps": nil,
        "update.learning-rate": "0.0002",
      ])
    #expect(runs[0].method != runs[1].method)
    let file = one.path + "/runs.jsonl"
    try RunSummary.write(runs, to: file)
    #expect(try RunSummary.read(file) == runs)
  }

  @Test func `what an arm can't change is no part of its method's name`() throws {
    let (one, two) = (try run("one"), try run("two"))
    try two.write(
      "arm: a\nseed: 4\nadvantage: [{use: a, alpha: 0.3}]\nupdate: {learning-rate: 1e-4}\n"
        + "evaluation: {items: 9}\n", to: "run.yaml")
    let methods = [try one.record, try two.record].map {
      RunSummary.summaries(of: [$0])[0].method
    }
    #expect(methods[0] == methods[1])
  }

  @Test func `lines give the tables of the folders that they were made of`() throws {
    let folders = [
      try run("one", seed: 1), try run("two", seed: 2, secondsOfStep: 3),
      try run("three", arm: "b", seed: 1, tokensOfStep: 90), try run("four", arm: "b", seed: 2),
    ]
    // Each is removed with its value.
    defer { withExtendedLifetime(folders) {} }
    let runs = RunSummary.summaries(of: try folders.map { try $0.record })
    let file = folders[0].path + "/runs.jsonl"
    try RunSummary.write(runs, to: file)
    let study = ArmStudy(runs)
    let read = ArmStudy(try RunSummary.read(file))
    #expect(read.tables.map(\.text) == study.tables.map(\.text))
    #expect(read.data.text == study.data.text)
    #expect(
      study.tables[0].text.split(separator: "\n")[1]
        == "arm  runs  accuracy, %  reward  entropy  length  lever<.25, %  grad norm  tokens  minutes"
    )
    // Without folders there are tables and figures, and no curves.
    let page = Page.comparison(of: [], read)
    #expect(page.text.contains("Comparison of 4 runs"))
    #expect(!page.charts.contains { $0.id == "reward" })
    #expect(page.charts.contains { $0.id == "difference-entropy" })
  }

  @Test func `runs of other lengths are compared where all of them have been`() throws {
    // 12 s, 600 tokens of the short run; the long one is slower and its steps have more tokens.
    let short = try run("short")
    let long = try run("long", arm: "b", steps: 8, secondsOfStep: 3, tokensOfStep: 150)
    let records = [try short.record, try long.record]
    func study(_ kind: ComparisonPoint.Kind) -> (study: ArmStudy, runs: [RunSummary]) {
      let point = ComparisonPoint(kind, of: records)
      let runs = RunSummary.summaries(of: records, at: point)
      return (ArmStudy(runs, at: point), runs)
    }
    let steps = study(.steps)
    #expect(steps.runs.map(\.steps) == [6, 6] && steps.runs.map(\.afterStep) == [6, 6])
    #expect(
      steps.study.tables[0].text.hasPrefix(
        "Arms: means over seeds (2 arms, 2 runs, at 6 steps)\n"))
    let tokens = study(.tokens)
    // 600 tokens: four steps of the long one.
    #expect(tokens.runs.map(\.steps) == [6, 4] && tokens.runs.map(\.tokens) == [600, 600])
    #expect(tokens.runs[1].seconds == 12 && tokens.runs[1].afterStep == 4)
    #expect(
      tokens.study.tables[0].text.hasPrefix(
        "Arms: means over seeds (2 arms, 2 runs, at 600 tokens, after steps 4 to 6)\n"))
    let seconds = study(.seconds)
    #expect(seconds.runs.map(\.steps) == [6, 4])
    // Of fewer than six steps the last alone.
    #expect(seconds.runs[1].reward?.last == 4)
    // The evaluation is the last one up to there.
    try long.write(
      "{\"step\": 0, \"2 people\": {\"correct\": 1, \"count\": 20}}\n"
        + "{\"step\": 8, \"2 people\": {\"correct\": 9, \"count\": 20}}\n", to: "evaluations.jsonl")
    let late = [try short.record, try long.record]
    let point = ComparisonPoint(.steps, of: late)
    let runs = RunSummary.summaries(of: late, at: point)
    #expect(runs.map(\.afterStep) == [6, nil] && runs[1].before.count == 1)
    #expect(
      ArmStudy(runs, at: point).tables[0].text.hasPrefix(
        "Arms: means over seeds (2 arms, 2 runs, at 6 steps, held out of 1 of them up to there: evaluation.every"
          + " says how often it is)\n"))
  }

  @Test func `damaged and empty files are refused by line`() throws {
    let folder = try run("a")
    let file = folder.path + "/runs.jsonl"
    try folder.write("", to: "runs.jsonl")
    #expect {
      _ = try RunSummary.read(file)
    } throws: { error in
      "\(error)"
        == "\(file): expected lines of runs, found none\n  hint: 'fulcrum arms' writes them to"
        + " OUTPUT/runs.jsonl, 'fulcrum compare' with --runs-to FILE"
    }
    try folder.write("{\"arm\": 1}\n", to: "runs.jsonl")
    #expect {
      _ = try RunSummary.read(file)
    } throws: { error in
      "\(error)"
        == "\(file):1: expected a JSON object as 'fulcrum arms' writes it, got something else"
        + "\n  hint: the file is damaged; remove the line"
    }
  }
}
