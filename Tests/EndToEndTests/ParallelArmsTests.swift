import Foundation
import Testing

/// `fulcrum arms --parallel` and `--shard`: the same runs, by several processes.
@Suite struct ParallelArmsTests {
  private let run = try? FaultRun()

  private func arguments(_ run: FaultRun, _ output: String, _ more: String...) -> [String] {
    [
      "arms", run.config, "--arm", "plain=advantage=[grpo];schedule=single",
      "--set", "output=\(output)",
    ] + more
  }

  private let names = [
    "as-configured-seed-7", "plain-seed-7", "as-configured-seed-8", "plain-seed-8",
  ]

  @Test func `runs at once, and shards, have the bits of runs one after the other`() throws {
    let run = try #require(run)
    let whole = run.folder.path + "/whole"
    let one = try CommandLine().run(arguments(run, whole, "--seeds", "2"))
    try #require(one.status == 0, "\(one.errors)")

    let parallel = run.folder.path + "/parallel"
    let result = try CommandLine().run(
      arguments(run, parallel, "--seeds", "2", "--parallel", "3"))
    try #require(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("4 of 4: plain, seed 8\n"))
    #expect(result.output.contains("\n[plain-seed-8] run directory \(parallel)/plain-seed-8\n"))
    let lines = try String(contentsOfFile: parallel + "/runs.jsonl", encoding: .utf8)
    #expect(lines.split(separator: "\n").count == 4)

    let shards = run.folder.path + "/shards"
    for shard in ["2/3", "1/3", "3/3"] {
      let part = try CommandLine().run(arguments(run, shards, "--seeds", "2", "--shard", shard))
      try #require(part.status == 0, "\(part.errors)")
      // Its own, and what others have done.
      #expect(part.output.contains("1 of \(shard == "1/3" ? 2 : 1): "))
      #expect(!FileManager.default.fileExists(atPath: shards + "/runs.jsonl"))
    }
    let collected = try CommandLine().run(arguments(run, shards, "--seeds", "2"))
    #expect(collected.output.contains("4 of 4: plain, seed 8: done before\n"))
    #expect(FileManager.default.fileExists(atPath: shards + "/compare.html"))
    for name in names {
      for other in [parallel, shards] {
        try FaultRun.expectEqual("\(whole)/\(name)", "\(other)/\(name)", checkpoint: 3)
      }
    }
  }

  @Test func `a run that fails is told at the end, and the others go on`() throws {
    let run = try #require(run)
    let output = run.folder.path + "/failing"
    // A folder where a file is to be: its checkpoint can't be written.
    let blocked = output + "/plain-seed-7/metrics.jsonl"
    try FileManager.default.createDirectory(atPath: blocked, withIntermediateDirectories: true)
    let result = try CommandLine().run(
      arguments(run, output, "--seeds", "1", "--parallel", "2", "--set", "steps=2"))
    #expect(result.status == 1)
    #expect(
      result.errors.contains("error: 1 of 2 runs failed:\n  plain-seed-7: "), "\(result.errors)")
    #expect(result.errors.contains("[plain-seed-7] error: "))
    #expect(try SmallRun.metrics(of: output + "/as-configured-seed-7").count == 2)
    try FileManager.default.removeItem(atPath: blocked)
    let again = try CommandLine().run(
      arguments(run, output, "--seeds", "1", "--parallel", "2", "--set", "steps=2"))
    #expect(again.status == 0, "\(again.errors)")
    #expect(again.output.contains("1 of 2: as configured, seed 7: done before\n"))
  }

  @Test func `a signal stops all runs after their steps, and the command goes on`() throws {
    let run = try #require(run)
    let output = run.folder.path + "/stopped"
    let arguments = arguments(
      run, output, "--seeds", "1", "--parallel", "2", "--set", "steps=200", "--set",
      "evaluation.items=0")
    let (process, log) = try run.start(arguments)
    for name in names.prefix(2) {
      try FaultRun.wait(for: "\n", in: "\(output)/\(name)/metrics.jsonl")
    }
    let second = try CommandLine().run(arguments)
    #expect(second.status == 2)
    #expect(
      second.errors.contains(
        #/error: .*\/stopped: process [0-9]+ is at work in this folder of arms\n  hint: wait until it ends/#
      ),
      "\(second.errors)")
    kill(process.processIdentifier, SIGTERM)
    process.waitUntilExit()
    #expect(process.terminationReason == .exit && process.terminationStatus == 128 + SIGTERM)
    let text = try String(contentsOfFile: log, encoding: .utf8)
    #expect(text.contains("stopped; the same command goes on from there\n"))
    for name in names.prefix(2) {
      let steps = try SmallRun.metrics(of: "\(output)/\(name)").count
      try #require(steps < 200)
      let checkpoints = try FileManager.default.contentsOfDirectory(
        atPath: "\(output)/\(name)/checkpoints")
      #expect(checkpoints.contains("step-\(steps)"))
    }
    let again = try CommandLine().run(arguments)
    #expect(again.status == 0, "\(again.errors)")
    #expect(again.output.contains("[plain-seed-7] going on after step "))
    #expect(try SmallRun.metrics(of: output + "/plain-seed-7").count == 200)
  }

  @Test func `no process outlives the command, whichever of its two is killed`() throws {
    let run = try #require(run)
    for killsWorker in [false, true] {
      let output = run.folder.path + "/killed-\(UUID().uuidString)"
      let (process, _) = try run.start(
        arguments(
          run, output, "--seeds", "1", "--parallel", "2", "--set", "steps=100000", "--set",
          "evaluation.items=0"))
      for name in names.prefix(2) {
        try FaultRun.wait(for: "\n", in: "\(output)/\(name)/metrics.jsonl")
      }
      let worker = try FaultRun.worker(of: process)
      let before = Self.processes(with: output)
      // The command and its worker, and as many of each run.
      #expect(before.count == 6)
      kill(killsWorker ? worker : process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      for _ in 0..<500 where !Self.processes(with: output).isEmpty { usleep(10_000) }
      #expect(Self.processes(with: output).isEmpty)
    }
  }

  /// The processes that live and have a text on their command line.
  private static func processes(with text: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.filter { name in
      guard Int(name) != nil,
        let words = FileManager.default.contents(atPath: "/proc/\(name)/cmdline")
      else { return false }
      return String(decoding: words, as: UTF8.self).contains(text)
    }
  }

  @Test func `wrong requests are refused before any training`() throws {
    let run = try #require(run)
    let output = run.folder.path + "/refused"
    func refused(_ more: String..., by sentence: String) throws {
      let result = try CommandLine().run(arguments(run, output) + more)
      #expect(result.status == 2)
      #expect(result.errors == "error: \(sentence)\n")
    }
    try refused("--parallel", "0", by: "--parallel: expected 1 to 1024, got 0")
    for wrong in ["3/2", "0/2", "1", "a/b", "1/2/3"] {
      try refused(
        "--shard", wrong,
        by:
          "--shard: expected I/N with I from 1 to N, got '\(wrong)'\n  hint: for instance --shard 2/5; of a"
          + " Slurm array from 1 to 5 --shard $SLURM_ARRAY_TASK_ID/5")
    }
    try refused(
      "--run", "elsewhere",
      by:
        "--run: no run of this plan is at elsewhere\n  hint: 'fulcrum arms' gives this option itself;"
        + " leave it away")
    // More than any machine has: some gigabytes each.
    let large = try CommandLine().run(
      arguments(run, output, "--seeds", "400", "--parallel", "900")
        + ["--set", "rollout.prompts=20000", "--set", "rollout.samples=64"])
    #expect(large.status == 2)
    #expect(
      large.errors.hasPrefix("error: --parallel: expected memory for 800 runs at once, about "),
      "\(large.errors)")
    #expect(!FileManager.default.fileExists(atPath: output))
  }
}
