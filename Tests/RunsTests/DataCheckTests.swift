import Digests
import Foundation
import FulcrumKernel
import PluginHost
import PolicyTestSupport
import Runs
import Settings
import Testing
import Training
import YAML

/// Data is looked at before a run's first step.
@Suite final class DataCheckTests {
  private let folder = NSTemporaryDirectory() + "fulcrum-" + UUID().uuidString
  private let listener = Listener()
  private var run: String { folder + "/run" }
  private var data: String { folder + "/data" }
  /// Leaves room for 26 tokens of 32: the policy has a token for each byte.
  private let long = String(repeating: "a", count: 27)

  init() throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    _ = FileManager.default.createFile(
      atPath: folder + "/tests.test-library", contents: Data())
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func write(_ lines: [String]) throws {
    try Data(lines.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: data))
  }

  private func host() -> PluginHost {
    PluginHost(searchPath: PluginSearchPath(configured: [folder]), formats: [TestLibraries()])
  }

  private func session(stopAfter last: Int = .max) -> TrainingSession {
    TrainingSession(librariesIn: folder, listener, stopAfter: last)
  }

  private func configuration(_ changes: String...) throws -> RunConfiguration {
    var tree = try ConfigurationTree(
      text: """
        steps: 6
        task: {use: tests/lines}
        policy: tests/bigram
        reward: tests/checking
        objective: tests/plain
        rollout: {prompts: 2, samples: 2, max-new-tokens: 6}
        evaluation: {items: 100, temperature: 1}
        checkpoint: {every: 1}
        warm-start: {demonstrations: 9, batch: 3}
        """, file: "t.yaml")
    try tree.set("output", toText: run)
    try tree.set("task.file", toText: data)
    for change in changes { try tree.set(change) }
    return try RunConfiguration(tree: tree)
  }

  /// Returns the error of a run that doesn't begin.
  private func refusal(_ changes: String...) throws -> String? {
    var tree = try configuration().tree
    for change in changes { try tree.set(change) }
    let configuration = try RunConfiguration(tree: tree)
    let error = #expect(throws: FulcrumError.self) { try session().begin(configuration) }
    #expect(listener.steps.isEmpty)
    #expect(!FileManager.default.fileExists(atPath: run))
    return error?.description
  }

  @Test func `a prompt without room stops a run before its first step`() throws {
    try write(["a", "b", long, "a b", "b", "a", "b", "b", "a", long + "a"])
    #expect(
      try refusal() == """
        lines:3: the prompt has 27 tokens and leaves no room for 6 more in a context of 32; so it is\
         with 2 of 9 training items: lines:3, lines:10
          hint: lower rollout.max-new-tokens, or use a policy with a longer context;\
         or 'task.overlong: drop' leaves such items out
        """)
  }

  @Test func `prompts without room are left out and counted where the task says so`() throws {
    try write(["a", "b", long, "a", "b", "a", "b", long])
    // Three epochs of six items: an item too long would have had its turn.
    try session().begin(try configuration("task.overlong=drop", "steps=9"))
    #expect(listener.steps == Array(1...9))
    #expect(
      listener.notes.contains("training items: 7, prompts of 1 to 27 tokens, room for 26"))
    #expect(
      listener.notes.contains(
        "left out 1 of 7 training items, whose prompts leave no room for 6 tokens more:"
          + " lines:3"))
    #expect(
      listener.notes.contains(
        "left out 1 of 1 held-out items, whose prompts leave no room for 6 tokens more:"
          + " lines:8"))
  }

  @Test func `held-out prompts are measured too, by the length of evaluations`() throws {
    try write(["a", "b", "a", "a", "b", "a", "b", long, "a", "a", "a", "a", "a", "a", "a", "b"])
    #expect(
      try refusal("evaluation.max-new-tokens=8")?.hasPrefix(
        "lines:8: the prompt has 27 tokens and leaves no room for 8 more in a context of 32; so it is"
          + " with 1 of 2 held-out items\n  hint: lower evaluation.max-new-tokens, or") == true)
    try session().begin(try configuration("task.overlong=drop", "steps=1"))
    #expect(
      listener.notes.contains(
        "held-out items: 1 of 'all', prompts of 1 to 27 tokens, room for 26"))
    #expect(
      listener.notes.contains(
        "left out 1 of 2 held-out items, whose prompts leave no room for 6 tokens more:"
          + " lines:8"))
  }

  @Test func `a task of which nothing is left is refused`() throws {
    try write([long, long])
    #expect(
      try refusal("task.overlong=drop")
        == "lines:1: the prompt has 27 tokens and leaves no room for 6 more in a context of 32; so it is"
        + " with 2 of 2 training items: lines:1, lines:2\n  hint: lower rollout.max-new-tokens, or use a"
        + " policy with a longer context")
    try write([])
    #expect(try refusal() == "task: the task has no training items")
  }

  @Test func `all faults of the data are told at once`() throws {
    try write(["a 1", long + " 1", "b x1", "b 1", "a x2", "a 1", "a 1", "b x3"])
    #expect(
      try refusal() == """
        lines:2: the prompt has 27 tokens and leaves no room for 6 more in a context of 32; so it is\
         with 1 of 7 training items
          and lines:3: reward checking: expected no x, got 'x1'; so it is with 2 of 7 training items:\
         lines:3, lines:5
          and lines:8: reward checking: expected no x, got 'x3'; so it is with 1 of 1 held-out items
          hint: lower rollout.max-new-tokens, or use a policy with a longer context;\
         or 'task.overlong: drop' leaves such items out; write another letter
        """)
  }

  @Test func `a few empty answers are told of, and none where all are empty`() throws {
    try write(["a 1", "b", "a 1", "b", "b", "b", "b", "b", "b"])
    try session().begin(try configuration("steps=1"))
    #expect(
      listener.notes.contains(
        "empty answers in 6 of 8 training items: lines:2, lines:4, lines:5, lines:6, lines:7 and 1 more"
      ))
    listener.notes = []
    listener.steps = []
    try FileManager.default.removeItem(atPath: run)
    try write(["a", "b"])
    try session().begin(try configuration("steps=1"))
    #expect(!listener.notes.contains { $0.contains("empty answers") })
  }

  @Test func `a wrong rule for long prompts is refused with its line`() throws {
    let error = #expect(throws: FulcrumError.self) {
      try configuration("task.overlong=cut").choice(.task)
    }
    #expect(
      error?.description.contains("task.overlong: expected one of refuse, drop, got cut") == true)
  }

  @Test func `the digests of data are in run.yaml, and a run stops where they have changed`() throws
  {
    try write(["a", "b", "a"])
    try session(stopAfter: 2).begin(try configuration())
    let before = try String(contentsOfFile: run + "/run.yaml", encoding: .utf8)
    // sha256sum of "a\nb\na".
    #expect(before.contains("sha256: \"\(digest("a\nb\na"))\""))
    try write(["a", "b", "b"])
    let error = #expect(throws: FulcrumError.self) { try session().resume(run) }
    #expect(error?.code == .usage)
    #expect(
      error?.description == """
        \(data): the file has changed since the run read it (sha256 \(digest("a\nb\na").prefix(12))…, now\
         \(digest("a\nb\nb").prefix(12))…)
          hint: put the old file back; or go on with the new one: 'fulcrum resume \(run) --changed-data'
        """)
    #expect(listener.steps == [1, 2])
    #expect(try String(contentsOfFile: run + "/run.yaml", encoding: .utf8) == before)

    try session(stopAfter: 3).resume(run, acceptsChangedData: true)
    #expect(listener.steps == [1, 2, 3])
    #expect(
      listener.notes.contains {
        $0.hasPrefix("data file \(data) is not the one that the run began")
      })
    let after = try String(contentsOfFile: run + "/run.yaml", encoding: .utf8)
    // Nothing else in it has changed.
    let added = after.split(separator: "\n").filter { !before.contains($0) }
    #expect(
      added.map { $0.drop { $0 == " " || $0 == "-" } }
        == ["changes:", "after-step: 2", "sha256: \"\(digest("a\nb\nb"))\""])
    #expect(after.split(separator: "\n").count == before.split(separator: "\n").count + 3)

    // From here on the new file is the run's; the old one is another.
    try session(stopAfter: 4).resume(run)
    try write(["a", "b", "a"])
    #expect(throws: FulcrumError.self) { try session().resume(run) }
  }

  private func digest(_ text: String) -> String { FileDigest.sha256(of: Array(text.utf8)) }

  @Test func `demonstrations are measured before a warm start's first step`() throws {
    try write(["a", String(repeating: "a", count: 30), "b"])
    let setup = try RunSetup(configuration(), host: { _ in host() })
    let error = #expect(throws: FulcrumError.self) {
      try WarmStart(setup: setup, observer: listener).run(output: run) { false }
    }
    #expect(listener.steps.isEmpty)
    #expect(
      error?.description == """
        task: demonstration 1 has 33 tokens, the policy's context 32; so it is with 3 of 9\
         demonstrations
          hint: give the policy a longer context, or the task shorter demonstrations; or\
         'task.overlong: drop' leaves such ones out
        """)
    let dropping = try RunSetup(configuration("task.overlong=drop"), host: { _ in host() })
    #expect(try WarmStart(setup: dropping, observer: listener).run(output: run) { false })
    #expect(listener.steps == [1, 2])
    #expect(
      listener.notes.contains(
        "left out 3 of 9 demonstrations, which have more than the context's 32 tokens: the first is"
          + " demonstration 1, of 33"))
  }
}
