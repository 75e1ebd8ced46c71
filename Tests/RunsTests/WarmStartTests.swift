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

/// What `fulcrum sft` leaves on the way to a start, and what it measures there.
@Suite final class WarmStartTests {
  private let folder = NSTemporaryDirectory() + "fulcrum-" + UUID().uuidString
  private let listener = Listener()
  private var output: String { folder + "/start" }

  init() throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    _ = FileManager.default.createFile(atPath: folder + "/tests.test-library", contents: Data())
    // Each eighth line is held out: nine items.
    let lines = (0..<72).map { "abc".dropFirst($0 / 8 % 3).prefix(1) + " y" }
    try Data(lines.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: folder + "/data"))
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func setup(_ changes: String...) throws -> RunSetup {
    var tree = try ConfigurationTree(
      text: """
        task: tests/lines
        policy: tests/bigram
        reward: [tests/length, {use: tests/checking, label: strict}]
        rollout: {max-new-tokens: 6}
        warm-start: {demonstrations: 9, batch: 3, learning-rate: 0.5, evaluation-items: 9}
        """, file: "t.yaml")
    try tree.set("task.file", toText: folder + "/data")
    for change in changes { try tree.set(change) }
    let folder = folder
    return try RunSetup(
      try RunConfiguration(tree: tree), keys: [.task, .policy, .reward],
      host: { _ in
        PluginHost(
          searchPath: PluginSearchPath(configured: [folder]), formats: [TestLibraries()])
      })
  }

  private func start(_ setup: RunSetup, stopAfter last: Int = .max) throws -> Bool {
    let listener = listener
    return try WarmStart(setup: setup, observer: listener).run(output: output) {
      (listener.steps.last ?? 0) >= last
    }
  }

  private func lines(_ name: String) throws -> [MetricsRecord] {
    try String(contentsOfFile: output + "/" + name, encoding: .utf8).split(separator: "\n").map {
      try JSONDecoder().decode(MetricsRecord.self, from: Data($0.utf8))
    }
  }

  /// The shares of tokens by quarter and the mean entropy of what a policy samples, from its table.
  private func samples(of policy: BigramPolicy) throws -> (shares: [Double], entropy: Double) {
    let items = (0..<9).map {
      TaskItem(id: "", prompt: ["a", "b", "c"][$0 % 3], answer: "", category: "")
    }
    let rollout = try RolloutSampler(
      policy: policy, rewards: [], samples: 1, maximumTokens: 6, temperature: 1, seed: 1
    ).collect(items, step: .max)
    var counts = [0.0, 0, 0, 0]
    var entropy = 0.0
    for sequence in 0..<9 {
      var previous = policy.encode(items[sequence].prompt)[0]
      for token in rollout.sequences.tokens(ofSequence: sequence) {
        let logs = policy.logProbabilities(after: previous, temperature: 1)
        let next = rollout.sequences.tokens[token]
        counts[min(3, Int(exp(logs[Int(next)]) * 4))] += 1
        entropy -= logs.reduce(0) { $0 + $1 * exp($1) }
        previous = next
      }
    }
    let all = counts.reduce(0, +)
    return (counts.map { $0 / all }, entropy / all)
  }

  @Test func `held-out items are completed and judged, and their completions' uncertainty is told`()
    throws
  {
    #expect(try start(setup("warm-start.every=2", "warm-start.learning-rate=0")))
    let measured = try lines("sft.jsonl").filter { $0.metrics["samples/entropy"] != nil }
    #expect(measured.map(\.step) == [0, 2, 3])
    let (shares, entropy) = try samples(of: try BigramPolicy())
    let names = ["0.00-0.25", "0.25-0.50", "0.50-0.75", "0.75-1.00"]
    for line in measured {
      // Scores are Floats.
      #expect(abs((line.metrics["samples/entropy"] ?? .nan) - entropy) < 1e-6)
      #expect(
        names.map { line.metrics["samples/probability/\($0)/token_share"] ?? .nan } == shares)
      #expect(line.metrics["held_out/all/pass@1"] == 1)
      #expect(line.metrics["held_out/all/greedy"] == 1)
      #expect(line.metrics["held_out/all/strict pass@1"] == 0)
      #expect(line.metrics["held_out/all/strict greedy"] == 0)
    }
    #expect(shares.count { $0 > 0 } > 1)
    let quarters = shares.map { String(format: "%.1f", 100 * $0) }.joined(separator: "/")
    #expect(
      listener.notes.contains(
        "held out, after step 2: all pass@1 100.0 %, greedy 100.0 %, strict pass@1 0.0 %, strict"
          + " greedy 0.0 %; its samples: entropy \(String(format: "%.3f", entropy)), tokens by quarter"
          + " of probability \(quarters) %"))
  }

  @Test func `checkpoints on the way can be begun from, and stay beside the last`() throws {
    #expect(try start(setup("warm-start.checkpoints-every=1")))
    let files = FileManager.default
    #expect(
      try files.contentsOfDirectory(atPath: output + "/checkpoints").sorted() == [
        "step-1", "step-2",
      ])
    #expect(try lines("checkpoints/step-1/sft.jsonl").map(\.step) == [0, 1])
    #expect(try lines("checkpoints/step-2/sft.jsonl").map(\.step) == [0, 1, 2])
    #expect(try lines("sft.jsonl").map(\.step) == [0, 1, 2, 3, 3])
    #expect(listener.notes.contains("checkpoint \(output)/checkpoints/step-2"))
    let tables = try ["checkpoints/step-1", "checkpoints/step-2", "."].map {
      try String(contentsOfFile: output + "/\($0)/table", encoding: .utf8)
    }
    #expect(Set(tables).count == 3)
    #expect(
      try files.contentsOfDirectory(atPath: folder).sorted() == [
        "data", "start", "tests.test-library",
      ])
    // As a start that was stopped there.
    try files.removeItem(atPath: output)
    listener.steps = []
    #expect(try !start(setup(), stopAfter: 2))
    #expect(try String(contentsOfFile: output + "/table", encoding: .utf8) == tables[1])
    #expect(!files.fileExists(atPath: output + "/checkpoints"))
  }

  @Test func `without evaluation items nothing is sampled`() throws {
    #expect(
      try start(setup("warm-start.evaluation-items=0", "reward={use: tests/length, fails: true}")))
    #expect(try lines("sft.jsonl").allSatisfy { $0.metrics["samples/entropy"] == nil })
  }
}
