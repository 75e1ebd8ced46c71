import Foundation
import FulcrumKernel
import JSON
import PluginHost
import PolicyTestSupport
import Runs
import Settings
import Testing
import Training
import YAML

/// Other tasks' held-out items are evaluated beside the task's own.
@Suite final class TransferTests {
  private let folder = NSTemporaryDirectory() + "fulcrum-" + UUID().uuidString
  private let listener = Listener()

  init() throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    _ = FileManager.default.createFile(atPath: folder + "/tests.test-library", contents: Data())
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func session(stopAfter last: Int = .max) -> TrainingSession {
    TrainingSession(librariesIn: folder, listener, stopAfter: last)
  }

  private func configuration(_ output: String, _ changes: String...) throws -> RunConfiguration {
    var tree = try ConfigurationTree(
      text: """
        steps: 3
        task: tests/counting
        policy: tests/bigram
        reward: tests/length
        objective: tests/plain
        rollout: {prompts: 2, samples: 2, max-new-tokens: 6}
        evaluation: {items: 2, temperature: 1}
        update: {learning-rate: 0.01}
        """, file: "t.yaml")
    try tree.set("output", toText: folder + "/" + output)
    for change in changes { try tree.set(change) }
    return try RunConfiguration(tree: tree)
  }

  private func read(_ run: String, _ name: String) throws -> String {
    try String(contentsOfFile: folder + "/" + run + "/" + name, encoding: .utf8)
  }

  private let more = "transfer={use: tests/counting, category: more}"

  @Test func `items of other tasks are evaluated after the task's own, and change nothing`() throws
  {
    try session().begin(try configuration("plain"))
    try session().begin(try configuration("both", more, "evaluation.transfer-items=3"))
    #expect(listener.notes.contains { $0.hasPrefix("transfer items: 3 of 'more', prompts of ") })
    #expect(
      listener.notes.contains("held out, after step 3: all 100.0 %, more (transfer) 100.0 %"))
    let (plain, both) = try (read("plain", "evaluations.jsonl"), read("both", "evaluations.jsonl"))
    let lines = zip(plain.split(separator: "\n"), both.split(separator: "\n"))
    #expect(lines.underestimatedCount == 2)
    for (plain, both) in lines {
      #expect(both.hasPrefix(plain.dropLast() + ", \"more\": {\"correct\": 3, \"count\": 3, "))
      #expect(both.hasSuffix(", \"transfer\": true}}"))
    }
    #expect(
      try read("plain", "checkpoints/step-3/table") == read("both", "checkpoints/step-3/table"))
    // The run's own configuration has the tasks.
    let yaml = try read("both", "run.yaml")
    #expect(yaml.contains("transfer:\n  use: \"tests/counting\"\n  overlong: \"refuse\"\n"))
    #expect(try !read("plain", "run.yaml").contains("transfer:"))
  }

  @Test func `a run that is resumed goes on to evaluate them`() throws {
    let list =
      "transfer=[{use: tests/counting, category: more}, {use: tests/counting, category: most}]"
    try session().begin(try configuration("whole", list))
    listener.steps = []
    try session(stopAfter: 1).begin(try configuration("stopped", list))
    try session().resume(folder + "/stopped")
    #expect(try read("whole", "evaluations.jsonl") == read("stopped", "evaluations.jsonl"))
    #expect(
      listener.notes.contains {
        $0.contains("all               2") && $0.contains("more (transfer)   2")
          && $0.contains("most (transfer)   2")
      })
  }

  @Test(arguments: [
    "{items: 2, samples: 3, pass-at: 2, temperature: [1, 0.5], greedy: true}",
    "{items: 2, samples: 3, pass-at: 1, temperature: 1}", "{items: 2, temperature: [0, 1]}",
    "{items: 2, temperature: 1, greedy: true}",
  ]) func `what an evaluation will show is known before`(evaluation: String) throws {
    let configuration = try configuration(
      "planned", "evaluation=" + evaluation, "steps=1",
      "reward=[tests/length, {use: tests/checking, weight: 0, label: check}]")
    try session().begin(configuration)
    let line = try #require(try read("planned", "evaluations.jsonl").split(separator: "\n").last)
    let record = try JSONDecoder().decode(EvaluationRecord.self, from: Data(line.utf8))
    let row = try #require(record.evaluation.rows.first)
    #expect(
      Evaluation.Measure.Kind.planned(configuration.evaluation, rewards: ["length", "check"])
        == row.measures.map(\.kind))
  }

  @Test func `each item's completions are written, the same after a resume`() throws {
    let changes = ["evaluation={items: 2, samples: 2, temperature: [1, 0.5], greedy: true}"]
    let rewards = "reward=[tests/length, {use: tests/checking, weight: 0}]"
    for name in ["whole", "stopped"] {
      let configuration = try configuration(
        name, changes[0], rewards, more, "evaluation.write-samples=true", "evaluation.every=2")
      listener.steps = []
      try session(stopAfter: name == "whole" ? .max : 1).begin(configuration)
    }
    try session().resume(folder + "/stopped")
    for step in [0, 2, 3] {
      let file = "evaluations/step-\(step).jsonl"
      #expect(try read("whole", file) == read("stopped", file))
    }
    let lines = try read("whole", "evaluations/step-0.jsonl").split(separator: "\n")
    #expect(lines.count == 4)
    let items = try lines.map {
      try JSONDecoder().decode(EvaluatedItem.self, from: Data($0.utf8))
    }
    #expect(items.map(\.category) == ["all", "all", "more", "more"])
    #expect(items.map(\.transfer) == [false, false, true, true])
    #expect(items.map(\.id) == ["1000", "1001", "1000", "1001"])
    #expect(items.allSatisfy { $0.samples.map(\.temperature) == [1, 1, 0.5, 0.5, 0] })
    for sample in items.flatMap(\.samples) {
      // The reward is the length in tokens; the completion has no letter for the end token.
      #expect(sample.tokens == sample.completion.count + (sample.finished ? 1 : 0))
      #expect(sample.rewards.map(\.name) == ["length", "checking"])
      #expect(sample.rewards.map(\.value) == [Double(sample.tokens), 0])
      #expect(sample.rewards.map(\.outcome) == ["correct", "wrong"])
      #expect(sample.outcome == "correct")
    }
    #expect(!FileManager.default.fileExists(atPath: folder + "/whole/evaluations/step-1.jsonl"))
    // A run writes none unless it is asked to.
    try session().begin(try configuration("plain"))
    #expect(!FileManager.default.fileExists(atPath: folder + "/plain/evaluations"))
  }

  private func refusal(_ changes: String) throws -> String? {
    let configuration = try configuration("refused", changes)
    return #expect(throws: FulcrumError.self) { try self.session().begin(configuration) }?
      .description
  }

  @Test func `a category that the task itself has is refused`() throws {
    #expect(
      try refusal("transfer=[{use: tests/counting, category: more}, tests/counting]") == """
        --set transfer[1]: expected categories of its own, got 'all', which task has, too
          hint: tables tell items by their categories: let this task make other items
        """)
    #expect(
      try refusal("transfer={use: tests/counting, colour: red}")?.contains(
        "transfer.colour: unknown parameter 'colour'") == true)
    #expect(try refusal("transfer=tests/length")?.hasPrefix("--set transfer.use: ") == true)
    #expect(!FileManager.default.fileExists(atPath: folder + "/refused"))
  }

  @Test func `rows of transfer are read after the others`() throws {
    let text = """
      {"step": 5, "a": {"correct": 1, "count": 4, "transfer": true}, "z": {"correct": 2, "count": 4}}
      """
    let record = try JSONDecoder().decode(EvaluationRecord.self, from: Data(text.utf8))
    #expect(record.evaluation.rows.map(\.title) == ["z", "a (transfer)"])
    #expect(record.evaluation.rows.map(\.isTransfer) == [false, true])
    #expect(record.evaluation.line.text.hasSuffix("\"transfer\": true}}"))
  }
}
