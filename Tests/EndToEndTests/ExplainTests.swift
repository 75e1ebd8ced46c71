import Foundation
import Testing

/// Tests the output of `fulcrum explain`.
@Suite struct ExplainTests {
  private let folder: CommandLine.Folder
  private let config: String

  init() throws {
    folder = try CommandLine.Folder()
    config = try SmallRun.configuration(
      start: try SmallRun.start(in: folder.path), in: folder.path)
  }

  private func explain(_ overrides: String...) throws -> CommandLine.Result {
    let arguments = ["explain", config] + overrides.flatMap { ["--set", $0] }
    return try CommandLine().run(arguments)
  }

  @Test func `the batch arithmetic comes first, then warnings, and defaults if they are asked for`()
    throws
  {
    let result = try explain("update.iterations=3")
    #expect(result.status == 0, "\(result.errors)")
    let lines = [
      "prompts a step  4",
      "completions a step  4 × 4 = 16",
      "tokens a step  at most 16 × 40 = 640",
      "draws  temperature = 1.0",
      "mini-batches  2 of 2 prompts = 8 completions",
      "phases  low, then high (phase-by-phase)",
      "optimiser steps  mini-batches 2 × phases 2 × iterations 3 = 12 a step, 36 in the run",
      "whole run  3 steps, 12 prompts, 48 completions",
    ]
    for line in lines { #expect(result.columns.contains(line + "\n"), "\(line)") }
    #expect(result.output.contains("time a step"))
    #expect(result.output.contains("memory at its peak"))
    let untried = try CommandLine().run("explain", config, "--no-trial")
    #expect(!untried.output.contains("time a step"))
    #expect(untried.columns.hasPrefix("prompts a step  4\n"))
    #expect(!untried.output.contains("max-refills"))
    let full = try CommandLine().run("explain", config, "--no-trial", "--full")
    #expect(full.output.hasPrefix(untried.output + "\n"))
    // A default of the trainer's, one of a plugin's.
    #expect(full.output.contains("max-refills: 10"))
    #expect(full.output.contains("eta: 0.5"))
    // A crash loses twenty steps at most.
    #expect(full.output.contains("checkpoint:\n  every: 20\n"))
  }

  @Test func `what is printed is a configuration of the same run`() throws {
    let result = try CommandLine().run("explain", config, "--json", "--no-trial")
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    #expect(object["optimizer_steps"] as? Int == 4)
    #expect(object["phases"] as? [String] == ["low", "high"])
    #expect(object["warnings"] is [String])
    let path = folder.path + "/resolved.yaml"
    let yaml = try #require(object["configuration"] as? String)
    try yaml.write(toFile: path, atomically: true, encoding: .utf8)
    let again = try CommandLine().run("explain", path, "--json", "--no-trial")
    #expect(again.output == result.output)
  }

  @Test(arguments: [
    (
      ["objective[0].alpha=0.3"],
      "advantage[1].alpha = 0.3 and objective[0].alpha = 0.3 both act: alpha counts twice"
    ),
    (
      ["schedule={use: single, repeats: 2}", "update.iterations=2"],
      "update.iterations = 2 and the schedule's 2 passes multiply: every token is used 4 times"
    ),
    (
      [],
      "the schedule's 2 phases make 4 optimiser steps of 2: compare it with an arm that takes as"
        + " many, not only with one that takes fewer"
    ),
    (["update.learning-rate=0"], "update.learning-rate = 0: nothing is learned"),
    (
      ["update.warmup-steps=4"],
      "update.warmup-steps = 4 of 3 steps: the learning rate never reaches its height"
    ),
    (
      ["checkpoint.every=0"],
      "checkpoint.every = 0: a crash before the last step loses the whole run"
    ),
    (
      ["rollout.samples=1"],
      "rollout.samples = 1: a completion has no group to be compared with"
    ),
    (
      ["rollout.dynamic-sampling=true"],
      "dynamic sampling may sample up to 11 times the prompts a step, and stops the run if that"
        + " does not suffice"
    ),
    (
      ["rollout.top-k=50", "rollout.min-new-tokens=4"],
      "rollout.top-k = 50, rollout.min-new-tokens = 4: tokens are drawn from a part of the policy's"
        + " distribution, but log π is of the whole, and so are ratios, their clipping and KL: the mean"
        + " step is not the gradient of the mean reward"
    ),
  ])
  func `settings that are seldom meant bring warnings`(_ overrides: [String], warning: String)
    throws
  {
    let result = try CommandLine().run(
      ["explain", config, "--no-trial"] + overrides.flatMap { ["--set", $0] })
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("warning: \(warning)\n"), "\(result.output)")
  }

  @Test func `draws are told with their cuts and stop strings, which alone are no reason to warn`()
    throws
  {
    let result = try explain(
      "rollout={temperature: 0.7, stop: [\"</answer>\", \"\\n\"]}")
    #expect(
      result.columns.contains(
        #"draws  temperature = 0.7; stop at "</answer>", "\n""# + "\n"),
      "\(result.output)")
    #expect(!result.output.contains("drawn from a part"))
    let cut = try explain("rollout.min-p=0.1")
    #expect(cut.columns.contains("draws  temperature = 1.0, min-p = 0.1\n"))
  }

  @Test func `a mini-batch that does not divide is refused`() throws {
    let result = try explain("update.minibatch-prompts=3")
    #expect(result.status == 2)
    #expect(result.errors.contains("expected a divisor of rollout.prompts = 4, got 3"))
  }
}
