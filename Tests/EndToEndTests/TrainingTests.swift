import Foundation
import Testing

@Suite struct TrainingTests {
  private let folder: CommandLine.Folder
  private let config: String

  init() throws {
    folder = try CommandLine.Folder()
    config = try SmallRun.configuration(
      start: try SmallRun.start(in: folder.path), in: folder.path)
  }

  private func train(_ name: String, _ overrides: String...) throws -> String {
    let output = folder.path + "/" + name
    let process = CommandLine().process(
      ["train", config, "--set", "output=\(output)"] + overrides.flatMap { ["--set", $0] })
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
    return output
  }

  @Test func `one seed gives the same metrics, samples and weights with one thread and with two`()
    throws
  {
    let one = try train("one", "threads=1")
    let two = try train("two", "threads=2")
    let again = try train("again", "threads=2")
    for other in [two, again] {
      #expect(try SmallRun.metrics(of: one) == SmallRun.metrics(of: other))
      #expect(try SmallRun.weights(of: one, step: 3) == SmallRun.weights(of: other, step: 3))
      let samples = try [one, other].map {
        try String(contentsOfFile: $0 + "/samples/step-3.jsonl", encoding: .utf8)
      }
      #expect(samples[0] == samples[1])
    }
    let seeded = try train("seeded", "seed=8")
    #expect(try SmallRun.metrics(of: one) != SmallRun.metrics(of: seeded))
  }

  @Test func `the isolated phases double the optimiser steps and all metrics are there`() throws {
    let run = try train("metrics")
    let metrics = try SmallRun.metrics(of: run)
    #expect(metrics.map { $0["step"] } == [1, 2, 3])
    let first = try #require(metrics.first)
    // Two mini-batches of two prompts in each of two phases.
    #expect(first["optimizer_steps"] == 4)
    let tokens = try #require(first["phases/low/tokens"]) + #require(first["phases/high/tokens"])
    #expect(tokens == first["num_tokens"])
    // Sampling and training share one set of kernels.
    #expect(first["sampling/logp_difference/max"] == 0)
    let names = [
      "reward", "reward_std", "frac_reward_zero_std", "accuracy", "outcomes/correct",
      "outcomes/wrong", "outcomes/unparseable", "outcomes/bad-format", "outcomes/error",
      "completions/mean_length", "completions/clipped_ratio", "clip_ratio/region_mean", "kl",
      "entropy", "grad_norm", "learning_rate", "loss", "probability/0.00-0.25/token_share",
      "probability/0.75-1.00/lever_share", "probability/0.75-1.00/weight_share",
      "direction/0.75-1.00/correct",
    ]
    for name in names { #expect(first[name] != nil, "\(name)") }
    let shares = first.filter { $0.key.hasSuffix("lever_share") }.values
    #expect(shares.count == 4)
    // Shares of one sum, in Double.
    #expect(abs(shares.reduce(0, +) - 1) < 1e-12)
    #expect(FileManager.default.fileExists(atPath: run + "/run.yaml"))
  }

  @Test func `a run that was killed goes on from its newest checkpoint to the same bits`() throws {
    let whole = try train("whole", "steps=8", "checkpoint.every=2", "checkpoint.keep=9")
    // As a kill after step 7 would leave it, had the checkpoint of step 6 been cut short.
    let broken = folder.path + "/broken"
    let files = FileManager.default
    try files.copyItem(atPath: whole, toPath: broken)
    try files.removeItem(atPath: broken + "/checkpoints/step-8")
    try files.removeItem(atPath: broken + "/checkpoints/step-6/trainer/state.json")
    let resumed = try CommandLine().run("resume", broken, "--threads", "1")
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(resumed.output.contains("going on after step 4"))
    #expect(try SmallRun.metrics(of: whole) == SmallRun.metrics(of: broken))
    #expect(try SmallRun.weights(of: whole, step: 8) == SmallRun.weights(of: broken, step: 8))
    let evaluations = try [whole, broken].map {
      try String(contentsOfFile: $0 + "/evaluations.jsonl", encoding: .utf8)
    }
    #expect(evaluations[0] == evaluations[1])
  }

  @Test func `an interrupt ends the run after its step, with a checkpoint`() throws {
    let output = folder.path + "/interrupted"
    // The process starts with the signals blocked that this thread has blocked: it must hear them
    // nevertheless. Were it deaf, its steps would end, and the test would fail rather than wait.
    let process = CommandLine().process(
      ["train", config, "--set", "output=\(output)", "--set", "steps=2000"])
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    // Wait for the first step's line, at most a minute.
    let metrics = output + "/metrics.jsonl"
    for _ in 0..<60_000 where !FileManager.default.fileExists(atPath: metrics) { usleep(1000) }
    process.interrupt()
    process.waitUntilExit()
    #expect(process.terminationStatus == 130)
    let steps = try SmallRun.metrics(of: output).count
    #expect(steps < 2000)
    let checkpoints = try FileManager.default.contentsOfDirectory(atPath: output + "/checkpoints")
    #expect(checkpoints == ["step-\(steps)"])
  }

  @Test func `a finished run prints its table, is evaluated again, and is not overwritten`() throws
  {
    let run = folder.path + "/table"
    let first = try CommandLine().run("train", config, "--set", "output=\(run)")
    #expect(first.output.contains("held out   items   before (95 % interval)"))
    #expect(first.output.contains("run directory \(run)"))
    let evaluated = try CommandLine().run("evaluate", run, "--json")
    let lines = try String(contentsOfFile: run + "/evaluations.jsonl", encoding: .utf8)
    let last = try #require(lines.split(separator: "\n").last)
    // The same checkpoint, draws and items: the same counts.
    let counts = evaluated.output.trimmingCharacters(in: .newlines).dropFirst()
    #expect(last == "{\"step\": 3, " + counts)
    let several = try CommandLine().run(
      "evaluate", run, "--set", "evaluation.samples=3", "--set", "evaluation.greedy=true")
    #expect(several.status == 0, "\(several.errors)")
    let shares = several.output.split(separator: "\n").map { $0.split(separator: " ") }
    #expect(shares.count == 4)
    #expect(shares[1].prefix(4) == ["2", "people", "4", "pass@1"])
    #expect(shares[2].first == "pass@3" && shares[3].first == "greedy")
    let samples = folder.path + "/samples.jsonl"
    let written = try CommandLine().run(
      "evaluate", run, "--samples", samples, "--set",
      "transfer={use: knights-and-knaves, people: [3]}",
      "--set", "evaluation.transfer-items=2")
    #expect(written.status == 0, "\(written.errors)")
    #expect(written.output.contains("3 people (transfer)   2"))
    let items = try String(contentsOfFile: samples, encoding: .utf8).split(separator: "\n")
    #expect(items.count == 6)
    #expect(items.allSatisfy { $0.contains("\"samples\": [{\"temperature\": 1, \"completion\": ") })
    #expect(items.count { $0.contains("\"transfer\": true") } == 2)
    let second = try CommandLine().run("train", config, "--set", "output=\(run)")
    #expect(second.status == 2)
    #expect(second.errors.contains("the directory already holds a run"))
  }

  @Test func `a run's configuration is a configuration`() throws {
    let first = try train("first")
    let output = folder.path + "/second"
    let second = try CommandLine().run(
      "train", first + "/run.yaml", "--set", "output=\(output)")
    #expect(second.status == 0, "\(second.errors)")
    #expect(try SmallRun.metrics(of: first) == SmallRun.metrics(of: output))
  }
}
