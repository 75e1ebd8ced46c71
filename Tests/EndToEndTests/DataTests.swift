import Foundation
import Testing

/// What commands say of data before the first step, and of data that has changed.
@Suite struct DataTests {
  private let folder: CommandLine.Folder
  private let config: String
  private var data: String { folder.path + "/train.jsonl" }
  private var run: String { folder.path + "/run" }

  init() throws {
    folder = try CommandLine.Folder()
    // The tokenizer and the weights needn't have learned a thing.
    let start = folder.path + "/start.yaml"
    let warmStart = "warm-start: {demonstrations: 40, batch: 20}\noutput: \(folder.path)/start\n"
    try (SmallRun.task + SmallRun.policy + warmStart).write(
      toFile: start, atomically: true, encoding: .utf8)
    try #require(try CommandLine().run("sft", start).status == 0)
    config = folder.path + "/run.yaml"
    let text = """
      steps: 4
      task: {use: jsonl, train: "\(folder.path)/train.jsonl"}
      policy: {use: transformer, checkpoint: "\(folder.path)/start"}
      reward: math
      advantage: grpo
      objective: grpo
      rollout: {prompts: 2, samples: 2, max-new-tokens: 20}
      checkpoint: {every: 1}
      output: "\(folder.path)/run"
      """
    try text.write(toFile: config, atomically: true, encoding: .utf8)
  }

  /// Writes twelve rows, some of them others than the common one.
  private func write(_ others: [Int: String] = [:]) throws {
    let rows = (1...12).map { others[$0] ?? #"{"prompt": "\#($0) + 1 = ?", "answer": \#($0 + 1)}"# }
    try (rows.joined(separator: "\n") + "\n").write(
      toFile: data, atomically: true, encoding: .utf8)
  }

  private var overlong: String {
    #"{"prompt": "\#(String(repeating: "word ", count: 400))", "answer": 1}"#
  }

  @Test func `a prompt without room is told before the first step, by explain too`() throws {
    try write([8: overlong])
    let trained = try CommandLine().run("train", config)
    #expect(trained.status == 1)
    #expect(trained.output == "")
    #expect(!FileManager.default.fileExists(atPath: run))
    let sentence =
      #/error: \S+/train.jsonl:8: the prompt has \d+ tokens and leaves no room for 20 more /#
    #expect(trained.errors.contains(sentence), "\(trained.errors)")
    #expect(trained.errors.contains("in a context of 224; so it is with 1 of 12 training items\n"))
    let explained = try CommandLine().run("explain", config)
    #expect(explained.status == 1)
    #expect(explained.errors == trained.errors)
    #expect(explained.columns.contains("training items  12, prompts of "))
    #expect(explained.columns.contains("prompts a step  2\n"))

    let dropping = try CommandLine().run("train", config, "--set", "task.overlong=drop")
    #expect(dropping.status == 0, "\(dropping.errors)")
    #expect(
      dropping.output.contains(
        "left out 1 of 12 training items, whose prompts leave no room for 20 tokens more:"
          + " \(data):8\n"))
    #expect(
      try String(contentsOfFile: run + "/run.yaml", encoding: .utf8).contains("overlong: \"drop\""))
    let noted = try CommandLine().run(
      "explain", config, "--no-trial", "--set", "task.overlong=drop")
    #expect(noted.status == 0)
    #expect(noted.output.contains("warning: left out 1 of 12 training items, whose prompts"))
  }

  @Test func `arms are refused for the data of all of them`() throws {
    try write([3: #"{"prompt": "p", "answer": ""}"#])
    let result = try CommandLine().run(
      "arms", config, "--seeds", "1", "--arm", "x=update.iterations=2")
    #expect(result.status == 1)
    #expect(
      result.errors.contains(
        "error: \(data):3: reward math: expected an answer to grade by, got ''; so it is with 1 of 12"
          + " training items\n"))
  }

  @Test func `worked solutions are refused, and read with a mark`() throws {
    let row = #"{"prompt": "How many?", "answer": "48/2 = 24 in May,\nso 72 clips.\nANSWER: 72"}"#
    try write([1: row, 5: row])
    let refused = try CommandLine().run("train", config)
    #expect(refused.status == 1)
    #expect(
      refused.errors.contains(
        "error: \(data):1: reward math: expected a final answer to compare boxes with, got a worked"
          + " solution that ends in 'ANSWER: 72'; so it is with 2 of 12 training items: \(data):1,"
          + " \(data):5\n  hint: give the final answer alone, in a"))
    try (row + "\n" + row).write(toFile: data, atomically: true, encoding: .utf8)
    let read = try CommandLine().run(
      "explain", config, "--no-trial", "--set", "task.answer-after=\"ANSWER:\"")
    #expect(read.status == 0, "\(read.errors)")
  }

  @Test func `a run doesn't go on with other data unless it is told to`() throws {
    try write()
    let first = try CommandLine().run("train", config, "--set", "steps=2")
    try #require(first.status == 0, "\(first.errors)")
    let path = run + "/run.yaml"
    let yaml = try String(contentsOfFile: path, encoding: .utf8)
    try yaml.replacing("steps: 2\n", with: "steps: 4\n").write(
      toFile: path, atomically: true, encoding: .utf8)
    try write([2: #"{"prompt": "another", "answer": 0}"#])
    let refused = try CommandLine().run("resume", run)
    #expect(refused.status == 2)
    #expect(refused.errors.contains("\(data): the file has changed since the run read it (sha256 "))
    #expect(
      refused.errors.contains("go on with the new one: 'fulcrum resume \(run) --changed-data'"))
    let resumed = try CommandLine().run("resume", run, "--changed-data")
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(resumed.output.contains("data file \(data) is not the one that the run began with"))
    #expect(try String(contentsOfFile: path, encoding: .utf8).contains("after-step: 2\n"))
    #expect(try SmallRun.metrics(of: run).count == 4)
    #expect(try CommandLine().run("report", run).status == 0)
  }
}
