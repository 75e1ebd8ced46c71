import Foundation
import FulcrumKernel
import PluginHost
import PolicyTestSupport
import Runs
import Settings
import Testing
import Training
import YAML

@Suite final class TrainingSessionTests {
  private let folder = NSTemporaryDirectory() + "fulcrum-" + UUID().uuidString
  private let listener = Listener()
  private var run: String { folder + "/run" }

  init() throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    _ = FileManager.default.createFile(
      atPath: folder + "/tests.test-library", contents: Data())
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func session(stopAfter last: Int = .max, isVerbose: Bool = false) -> TrainingSession {
    TrainingSession(librariesIn: folder, listener, isVerbose: isVerbose, stopAfter: last)
  }

  private func configuration(_ changes: String...) throws -> RunConfiguration {
    var tree = try ConfigurationTree(
      text: """
        steps: 4
        task: tests/counting
        policy: tests/bigram
        reward: tests/length
        objective: tests/plain
        rollout: {prompts: 2, samples: 2, max-new-tokens: 6}
        evaluation: {items: 2, temperature: 1}
        checkpoint: {every: 1}
        update: {learning-rate: 0.01}
        """, file: "t.yaml")
    try tree.set("output", toText: run)
    for change in changes { try tree.set(change) }
    return try RunConfiguration(tree: tree)
  }

  private func read(_ name: String) -> String? {
    FileManager.default.contents(atPath: run + "/" + name).map {
      String(decoding: $0, as: UTF8.self)
    }
  }

  /// The policy that a checkpoint holds.
  private func table(step: Int) -> String? { read("checkpoints/step-\(step)/table") }

  @Test func `a run begins, says what takes part, and ends with a table`() throws {
    try session().begin(try configuration())
    #expect(listener.begun == 1)
    #expect(listener.steps == [1, 2, 3, 4])
    #expect(listener.notes[0] == "run directory \(run)")
    #expect(listener.notes[1].hasPrefix("policy bigram, "))
    #expect(listener.notes[2] == "plugins tests")
    #expect(listener.notes[3].hasPrefix("training items: "))
    // Warnings come before the first step, once.
    let warnings = listener.notes.indices.filter { listener.notes[$0].hasPrefix("warning: ") }
    #expect(
      warnings.map { listener.notes[$0] }
        == ["warning: no advantage is named: raw rewards weigh the tokens, without a baseline"])
    let firstEvaluation = try #require(listener.notes.firstIndex { $0.hasPrefix("held out") })
    #expect(warnings.allSatisfy { $0 < firstEvaluation })
    #expect(listener.notes.last == "run directory \(run)")
    #expect(
      listener.notes.contains {
        $0.hasPrefix("\naccuracy on held-out items, one sample each at temperature 1.0\nheld out")
      })
    #expect(read("run.yaml")?.contains("digest") == false)
    #expect(read("run.yaml")?.contains("kernel-interface") == true)
  }

  @Test func `a verbose run tells each plugin's version, digest and path`() throws {
    try session(isVerbose: true).begin(try configuration())
    #expect(listener.notes[2].hasPrefix("plugin tests 1.0.0, sha256 aaaa"))
    #expect(listener.notes[2].hasSuffix(", \(folder)/tests.test-library"))
  }

  @Test func `held-out items are sampled several times if the configuration says so`() throws {
    try session().begin(
      try configuration("evaluation.samples=3", "evaluation.greedy=true", "evaluation.pass-at=2"))
    #expect(listener.evaluated == ["0 of 2", "2 of 2", "0 of 2", "2 of 2"])
    #expect(
      listener.notes.contains(
        "held out, after step 0: all pass@1 100.0 %, pass@2 100.0 %, greedy 100.0 %"))
    #expect(
      listener.notes.contains {
        $0.hasPrefix(
          "\naccuracy on held-out items, 3 samples each at temperature 1.0; greedy: most likely"
            + " tokens\nheld out   items   share")
      })
    #expect(read("evaluations.jsonl")?.contains("\"item_count\": [3, 3]") == true)
  }

  @Test func `items are sampled at several temperatures`() throws {
    try session().begin(
      try configuration("evaluation.samples=2", "evaluation.temperature=[1, 0.5]"))
    #expect(
      listener.notes.contains(
        "held out, after step 0: all pass@1 100.0 %, pass@2 100.0 %, pass@1 at 0.5 100.0 %,"
          + " pass@2 at 0.5 100.0 %"))
    #expect(read("evaluations.jsonl")?.contains("\"temperatures\": {\"0.5\": {") == true)
    #expect(read("run.yaml")?.contains("temperature:\n  - 1.0\n  - 0.5\n") == true)
    try FileManager.default.removeItem(atPath: run)
    listener.steps = []
    try session().begin(try configuration())
    // One is written as it was before there were lists.
    #expect(read("run.yaml")?.contains("  temperature: 1.0\n  write-samples: false\n") == true)
  }

  @Test func `a run in which nothing is learned says so once, also when it is resumed`() throws {
    // All rewards are 0.
    let flat = try configuration("reward=tests/checking", "steps=14", "evaluation.items=0")
    try session(stopAfter: 11).begin(flat)
    func warnings() -> [Int] {
      listener.notes.indices.filter { listener.notes[$0].contains("had equal rewards") }
    }
    let place = try #require(warnings().first)
    #expect(listener.notes[place].hasPrefix("warning: in each of the last 10 steps at least 90 %"))
    #expect(listener.notes[place].contains("nearly all completions are wrong (accuracy 0.0 %)."))
    #expect(listener.notes[place + 1] == "checkpoint \(run)/checkpoints/step-10")
    try session().resume(run)
    #expect(listener.steps.last == 14 && warnings() == [place])
    // A group of one is warned of before the run begins.
    try FileManager.default.removeItem(atPath: run)
    (listener.notes, listener.steps) = ([], [])
    try session().begin(
      try configuration("reward=tests/checking", "steps=12", "rollout.samples=1"))
    #expect(warnings().isEmpty)
  }

  @Test func `every reward is evaluated, under the name that its metrics have`() throws {
    try session().begin(
      try configuration(
        "reward=[tests/length, {use: tests/checking, weight: 0, label: first attempt}]"))
    #expect(
      listener.notes.contains(
        "held out, after step 0: all 100.0 %, first attempt accuracy 0.0 %"))
    #expect(read("evaluations.jsonl")?.contains("\"rewards\": {\"first attempt\": {") == true)
    #expect(read("metrics.jsonl")?.contains("\"rewards/first attempt/mean\": 0") == true)
    // The run's own configuration has the label.
    #expect(read("run.yaml")?.contains("label: \"first attempt\"") == true)
    let again = try configuration(
      "reward=[tests/length, {use: tests/checking, label: length}]")
    try FileManager.default.removeItem(atPath: run)
    let error = #expect(throws: FulcrumError.self) { try self.session().begin(again) }
    #expect(
      error?.description == """
        --set reward[1].label: expected a name that no other reward has, got 'length'
          hint: metrics and tables tell rewards apart by their names
        """)
  }

  @Test func `a run that is stopped goes on to the same bits`() throws {
    try session(stopAfter: 2).begin(try configuration())
    #expect(listener.steps == [1, 2])
    #expect(
      listener.notes.last
        == "stopped after step 2; 'fulcrum resume \(run)' goes on from there")
    try session().resume(run)
    #expect(listener.steps == [1, 2, 3, 4])
    #expect(listener.notes.contains("going on after step 2"))
    let resumed = try #require(table(step: 4))
    try FileManager.default.removeItem(atPath: run)
    try session().begin(try configuration())
    #expect(table(step: 4) == resumed)
  }

  @Test func `a run without a checkpoint begins again`() throws {
    try session(stopAfter: 1).begin(try configuration())
    try FileManager.default.removeItem(atPath: run + "/checkpoints/step-1")
    listener.steps = []
    try session().resume(run)
    #expect(listener.notes.contains("no checkpoint yet: the run begins again"))
    #expect(listener.steps == [1, 2, 3, 4])
  }

  @Test func `a finished run says so, and how to go on`() throws {
    try session().begin(try configuration())
    listener.notes = []
    try session().resume(run)
    #expect(listener.steps == [1, 2, 3, 4])
    let remedy = "'fulcrum resume \(run) --steps N' goes on to step N"
    #expect(listener.notes.contains("the run is finished, all 4 steps are done; " + remedy))
    #expect(!listener.notes.contains { $0.hasPrefix("warning: ") })
    try session().resume(run, steps: 6)
    #expect(listener.steps == [1, 2, 3, 4, 5, 6])
    let longer = try #require(table(step: 6))
    try FileManager.default.removeItem(atPath: run)
    try session().begin(try configuration("steps=6"))
    #expect(table(step: 6) == longer)
  }

  @Test func `a run that was stopped can be made longer or shorter`() throws {
    try session(stopAfter: 2).begin(try configuration())
    try session().resume(run, steps: 3)
    #expect(listener.steps == [1, 2, 3])
    #expect(read("run.yaml")?.split(separator: "\n").contains("steps: 3") == true)
  }

  @Test func `a number of steps that a run can't have is refused, and nothing changes`() throws {
    try session().begin(try configuration("update.decay=cosine"))
    let before = try #require(read("run.yaml"))
    func message(_ steps: Int) throws -> String {
      let error = try #require(throws: FulcrumError.self) {
        try session().resume(run, steps: steps)
      }
      #expect(error.code == .usage)
      return error.description
    }
    #expect(
      try message(4)
        == """
        --steps: expected more than the 4 steps that are done, got 4
          hint: a shorter run is another one: give it a directory of its own
        """)
    let remedy =
      "a new run can begin there: 'fulcrum train \(run)/run.yaml --set"
      + " start=\(run)/checkpoints/step-4 --set steps=N --set output=DIRECTORY'"
    #expect(
      try message(8)
        == """
        --steps: update.decay is cosine: the learning rates of the steps that are done follow from \
        the run's 4 steps, and would have been others in one of 8
          hint: \(remedy)
        """)
    #expect(read("run.yaml") == before)
    try session().resume(run)
    #expect(listener.notes.contains("the run is finished, all 4 steps are done; " + remedy))
    #expect(listener.steps == [1, 2, 3, 4])
  }

  @Test func `a run that begins at its end is refused`() throws {
    try session().begin(try configuration())
    for steps in [3, 4] {
      let configuration = try configuration(
        "start=\(run)/checkpoints/step-4", "steps=\(steps)", "output=\(folder)/next")
      let error = try #require(throws: FulcrumError.self) { try session().begin(configuration) }
      #expect(error.code == .configuration)
      #expect(
        error.description
          == """
          --set start: expected a checkpoint before the run's last step, which is \(steps), got one \
          of step 4: nothing is left to do
            hint: steps counts from the first run's beginning: raise it above 4
          """)
    }
    #expect(!FileManager.default.fileExists(atPath: folder + "/next"))
    try session().begin(
      try configuration(
        "start=\(run)/checkpoints/step-4", "steps=5", "output=\(folder)/next"))
    #expect(listener.steps == [1, 2, 3, 4, 5])
  }

  @Test func `a wrong request leaves nothing behind`() throws {
    let wrong: [(change: String, sentence: String)] = [
      ("objective=[]", "objective: expected a component, got nothing"),
      ("reward=[]", "reward: expected a component, got nothing"),
      ("update.minibatch-prompts=3", "expected a divisor of rollout.prompts = 2, got 3"),
      ("reference.update-every=2", "expected 0, because no component reads the reference policy"),
      ("arms=[x=steps=3]", "expected a key of advantage, schedule, objective, update, got 'steps'"),
      ("policy=tests/nobody", "plugin 'tests' has no policy 'nobody'"),
    ]
    for (change, sentence) in wrong {
      let configuration = try configuration(change)
      let error = #expect(throws: FulcrumError.self) { try session().begin(configuration) }
      #expect(error?.description.contains(sentence) == true, "\(change): \(error as Any)")
      #expect(!FileManager.default.fileExists(atPath: run), "\(change)")
    }
    #expect(listener.begun == 0)
  }

  @Test func `a directory that holds a run is not used twice`() throws {
    try session().begin(try configuration())
    let error = #expect(throws: FulcrumError.self) { try session().begin(try configuration()) }
    #expect(error?.description.contains("the directory already holds a run") == true)
  }

  @Test func `a run that another holds is refused`() throws {
    try session(stopAfter: 1).begin(try configuration())
    let lock = try RunLock(run)
    let error = #expect(throws: FulcrumError.self) { try session().resume(run) }
    #expect(error?.description.contains("is at work in this run directory") == true)
    withExtendedLifetime(lock) {}
  }

  @Test func `a library that has changed since is told of`() throws {
    try session(stopAfter: 1).begin(try configuration())
    let text = try #require(read("run.yaml"))
    try Data(
      text.replacing(String(repeating: "a", count: 64), with: String(repeating: "b", count: 64))
        .utf8
    )
    .write(to: URL(fileURLWithPath: run + "/run.yaml"))
    try session().resume(run)
    #expect(
      listener.notes.contains(
        "plugin tests is not the library that the run began with (sha256 bbbbbbbbbbbb…, now"
          + " aaaaaaaaaaaa…): it may go on to other bits"))
  }

  @Test func `a component's error names the step and the component`() throws {
    let configuration = try configuration(
      "reward={use: tests/length, fails: true}", "evaluation.items=0")
    let error = #expect(throws: FulcrumError.self) { try session().begin(configuration) }
    #expect(
      error?.description.hasPrefix(
        "step 1: reward length: expected an answer, got none") == true, "\(error as Any)")
  }
}
