import Foundation
import Testing

/// Rewards that are programs, through the command line.
@Suite struct ProcessRewardRunTests {
  private let folder: CommandLine.Folder
  private let config: String

  init() throws {
    folder = try CommandLine.Folder()
    config = try SmallRun.configuration(
      start: try SmallRun.start(in: folder.path), in: folder.path)
  }

  /// Judges by the completion's and the prompt's characters; some samples fail in one way or another, always the
  /// same ones.
  private static let program = """
    import json, sys, time
    for line in sys.stdin:
        s = json.loads(line)
        mark = sum(map(ord, s["prompt"] + s["completion"])) % 23
        reply = {"id": s["id"], "reward": len(set(s["completion"])) % 4 - 1, "outcome": "wrong"}
        if mark == 3:
            reply = {"id": s["id"], "error": "three"}
        if mark == 7:
            reply = {"id": s["id"], "refused": "seven"}
        if mark == 11:
            sys.exit("eleven")
        print(json.dumps(reply))
    """

  /// A run with the program as its reward.
  private func train(_ name: String, _ rule: String, _ more: [String] = [], options: String = "")
    throws -> CommandLine.Result
  {
    let script = folder.path + "/reward.py"
    try Self.program.write(toFile: script, atomically: true, encoding: .utf8)
    let all =
      [
        "output=\(folder.path)/\(name)", "rollout.on-failure=\(rule)",
        "reward={use: process, command: [python3, \"\(script)\"]\(options)}", "steps=4",
        "rollout.prompts=6", "update.minibatch-prompts=2", "checkpoint.every=2",
        "checkpoint.keep=9", "logging.samples=24",
      ] + more
    return try CommandLine().run(["train", config] + all.flatMap { ["--set", $0] })
  }

  private func metrics(_ name: String) throws -> [[String: Double]] {
    try SmallRun.metrics(of: folder.path + "/" + name)
  }

  private func weights(_ name: String) throws -> Data {
    try SmallRun.weights(of: folder.path + "/" + name, step: 4)
  }

  private func sum(_ metrics: [[String: Double]], _ name: String) -> Double {
    metrics.reduce(0) { $0 + ($1[name] ?? .nan) }
  }

  @Test(arguments: ["drop-group", "drop-sample"])
  func `dropped samples are counted, and workers, resume and replay keep the bits`(rule: String)
    throws
  {
    let result = try train("one", rule, ["logging.record=true"])
    try #require(result.status == 0, "\(result.errors)")
    let one = try metrics("one")
    // Otherwise nothing would be shown.
    let failed = ["error", "refused"].map { sum(one, "rewards/process/outcomes/\($0)") }
    try #require(failed.allSatisfy { $0 > 0 }, "\(failed)")
    #expect(sum(one, "rewards/process/outcomes/value") + failed.reduce(0, +) == 4 * 6 * 4)
    let dropped = sum(one, "sampling/dropped_samples")
    #expect(rule == "drop-group" ? dropped > failed.reduce(0, +) : dropped >= failed.reduce(0, +))
    #expect((sum(one, "sampling/dropped_groups") > 0) || rule == "drop-sample")
    // An outcome that no reward function knows by name is written where it occurs.
    let refused = one.reduce(0) { $0 + ($1["outcomes/refused"] ?? 0) }
    #expect(refused == failed[1])
    #expect(sum(one, "outcomes/wrong") + sum(one, "outcomes/error") + refused == 96)
    #expect(one.allSatisfy { $0["reward"]?.isFinite == true })
    #expect(result.errors.contains("reward process: eleven\n"))

    let text = try String(
      contentsOfFile: folder.path + "/one/samples/step-1.jsonl", encoding: .utf8)
    #expect(text.split(separator: "\n").count == 24)
    let samples = try (1...4).map {
      try String(contentsOfFile: folder.path + "/one/samples/step-\($0).jsonl", encoding: .utf8)
    }.joined()
    #expect(samples.contains(#""reward": null, "outcome": "refused""#))
    #expect(samples.contains(#""advantage_mean": null, "reason": "seven"}"#))

    try #require(
      try train("two", rule, options: ", workers: 2, batch: 3").status == 0)
    #expect(try metrics("two") == one)
    #expect(try weights("two") == weights("one"))

    let broken = folder.path + "/broken"
    try FileManager.default.copyItem(atPath: folder.path + "/one", toPath: broken)
    try FileManager.default.removeItem(atPath: broken + "/checkpoints/step-4")
    let resumed = try CommandLine().run("resume", broken)
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(try metrics("broken") == one)
    #expect(try weights("broken") == weights("one"))

    let replayed = try CommandLine().run(
      "replay", folder.path + "/one", "--output", folder.path + "/again")
    #expect(replayed.status == 0, "\(replayed.errors)")
    // Where tokens went is not looked at in a replay.
    let seen = one.map { $0.filter { !$0.key.hasPrefix("direction/") } }
    #expect(try metrics("again") == seen)
    #expect(try weights("again") == weights("one"))
  }

  @Test func `without a rule a failure stops the run and names sample, outcome and reason`() throws
  {
    let result = try train("stopped", "stop")
    #expect(result.status == 1)
    let pattern =
      #/reward process: expected a score for every completion, got none for completion \d of '.+', outcome '(error|refused)': /#
    #expect(result.errors.contains(pattern), "\(result.errors)")
    #expect(
      result.errors.contains(
        "hint: 'rollout.on-failure: drop-sample' or 'drop-group' goes on without; 'fulcrum reward"
          + " score' tries a reward function on the texts of a file"))
  }

  @Test func `a step of which nothing is left fails and says so`() throws {
    let result = try train(
      "empty", "drop-sample",
      [
        "reward={use: process, command: [python3, -c, \"\(Self.refusing)\"]}", "rollout.prompts=2",
        "evaluation.items=0",
      ])
    #expect(result.status == 1)
    #expect(
      result.errors.contains(
        "step 1: rollout.on-failure: expected a group of completions with scores, got none: 8 of 8"
          + " completions have none; the first: completion 1 of '"), "\(result.errors)")
    #expect(result.errors.contains("outcome 'refused': none of mine"))
  }

  /// A program that judges no sample.
  private static let refusing =
    "import json, sys\\n"
    + "for line in sys.stdin: print(json.dumps({'id': json.loads(line)['id'], 'refused': 'none of mine'}))"

  @Test func `a signal doesn't wait for the limit of a program that hangs, and resume goes on`()
    throws
  {
    // Replies for some steps, then no more while the file is there.
    let script = folder.path + "/hangs.py"
    let mark = folder.path + "/hang"
    try """
    import json, os, sys, time
    for count, line in enumerate(sys.stdin):
        while count >= 60 and os.path.exists("\(mark)"):
            time.sleep(0.1)
        s = json.loads(line)
        print(json.dumps({"id": s["id"], "reward": len(s["completion"]) % 3}))
    """.write(toFile: script, atomically: true, encoding: .utf8)
    func arguments(_ name: String) -> [String] {
      let sets = [
        "output=\(folder.path)/\(name)", "steps=4", "rollout.prompts=6",
        "update.minibatch-prompts=2", "evaluation.items=0", "checkpoint.every=0",
        "reward={use: process, command: [python3, \"\(script)\"], time-limit: 3600}",
      ]
      return ["train", config] + sets.flatMap { ["--set", $0] }
    }
    try #require(try CommandLine().run(arguments("whole")).status == 0)
    try "".write(toFile: mark, atomically: true, encoding: .utf8)
    let run = try FaultRun()
    let (process, log) = try run.start(arguments("stopped"))
    try FaultRun.wait(for: "  2/4", in: log)
    kill(process.processIdentifier, SIGTERM)
    process.waitUntilExit()
    #expect(process.terminationReason == .exit && process.terminationStatus == 143)
    let text = try String(contentsOfFile: log, encoding: .utf8)
    #expect(
      text.hasSuffix(
        "stopped after step 2; 'fulcrum resume \(folder.path)/stopped' goes on from there\n"),
      "\(text)")
    try FileManager.default.removeItem(atPath: mark)
    let resumed = try CommandLine().run("resume", folder.path + "/stopped")
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(try metrics("stopped") == metrics("whole"))
    #expect(try weights("stopped") == weights("whole"))
  }

  @Test func `a program that isn't there is a wrong request`() throws {
    let result = try train("none", "stop", ["reward={use: process, command: [no-such-judge]}"])
    #expect(result.status == 2)
    #expect(
      result.errors.contains("reward.command: expected a program, found no executable"),
      "\(result.errors)")
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/none"))
  }

  @Test func `dynamic sampling draws others for groups that were dropped`() throws {
    let result = try train(
      "dynamic", "drop-group", ["rollout.dynamic-sampling=true", "rollout.max-refills=50"])
    try #require(result.status == 0, "\(result.errors)")
    for step in try metrics("dynamic") {
      #expect(step["frac_reward_zero_std"] == 0)
      // Six whole groups of four.
      #expect(step["outcomes/wrong"] == 24)
    }
    #expect(try sum(metrics("dynamic"), "sampling/dropped_samples") > 0)
  }
}
