import Foundation
import Testing

/// Tests `fulcrum plan`: nothing is there but a configuration, no Python and no model.
@Suite struct PlanCommandTests {
  private let folder: CommandLine.Folder
  private let config: String

  private static let configuration = """
    task: knights-and-knaves
    reward: knights-and-knaves
    policy: {use: torch, checkpoint: no/model-7b, precision: bf16, shard: fsdp2, decoding-rows: 64}
    advantage: [grpo, {use: advantage-reweighting, alpha: 0.3}]
    schedule: {use: lopti, eta: 0.5}
    objective: [grpo, {use: kl-penalty, beta: 0.001}]
    rollout: {prompts: 64, samples: 8, max-new-tokens: 1024}
    update: {minibatch-prompts: 32}

    """

  init() throws {
    folder = try CommandLine.Folder()
    config = folder.path + "/run.yaml"
    try Self.configuration.write(toFile: config, atomically: true, encoding: .utf8)
  }

  private func plan(_ arguments: String...) throws -> CommandLine.Result {
    try CommandLine().run(["plan", config] + arguments)
  }

  private func record(_ arguments: String...) throws -> [String: Any] {
    let result = try CommandLine().run(["plan", config, "--json"] + arguments)
    #expect(result.status == 0, "\(result.errors)")
    return try #require(
      try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
  }

  @Test func `a step's phases, its memory and what is known of it are told`() throws {
    let result = try plan(
      "--machine", "h100", "--model", "7B", "--gpus", "8", "--prompt-tokens", "300")
    #expect(result.status == 0, "\(result.errors)")
    let lines = [
      "model  Qwen2.5-7B, 7.62 billion parameters, bf16, weights shared by the ranks\n",
      "machine  H100 SXM 80 GB\n",
      // Two phases of two mini-batches.
      "step  64 prompts of 300 tokens × 8 completions of 512 tokens on average, 1024 at most;"
        + " 4 optimiser steps\n",
      "1 node × 8 ranks\nphase", "\nsampling ", "\nreference ", "\ntraining ", "\noptimiser ",
      "memory of each GPU, at the peak, which is training\n",
      "  optimiser's moments, f32  7.09 GiB\n",
      "assumed: completions half as long as they may be (--mean-length);", "\nchecked: ",
      "Never run: GPUs",
    ]
    for line in lines { #expect(result.columns.contains(line), "\(line)\n\(result.columns)") }
    #expect(!result.output.contains("--prompt-tokens"))
    #expect(!result.output.contains("old log-probabilities"))
  }

  @Test func `layouts are compared with the first`() throws {
    let result = try plan(
      "--machine", "h100", "--model", "7B", "--nodes", "1,2", "--gpus", "4,8")
    #expect(result.status == 0, "\(result.errors)")
    let rows = result.columns.split(separator: "\n").map { $0.split(separator: "  ") }
    let first = try #require(rows.firstIndex { $0.first == "nodes" })
    #expect(
      rows[first + 1...first + 4].map { "\($0[0]) \($0[1])" } == ["1 4", "1 8", "2 8", "2 16"])
    #expect(rows[first + 1].contains("1.00 ×"))
  }

  @Test func `the record has the same figures, and more ranks take less`() throws {
    let record = try record(
      "--machine", "h100", "--model", "7B", "--nodes", "1,2", "--gpus", "8", "--mean-length", "600")
    #expect(record["parameters"] as? Int == 7_615_616_512)
    #expect(record["machine_source"] as? String == "assumed")
    let plans = try #require(record["plans"] as? [[String: Any]])
    #expect(plans.compactMap { $0["ranks"] as? Int } == [8, 16])
    let seconds = plans.compactMap { $0["seconds"] as? Double }
    #expect(seconds[1] < seconds[0])
    for plan in plans {
      let phases = try #require(plan["phases"] as? [[String: Any]])
      let sum = phases.compactMap { $0["seconds"] as? Double }.reduce(0, +)
      // Foundation reads a number to its last digit but one.
      #expect(abs(sum / (try #require(plan["seconds"] as? Double)) - 1) < 1e-14)
      let tokens = try #require(plan["tokens_per_second"] as? Double) * sum
      // 512 completions of 600 tokens: rounded lengths have the mean exactly.
      #expect(abs(tokens - 512 * 600) < 1e-3)
    }
  }

  @Test func `a policy's checkpoint is read where no model is named`() throws {
    let tiny = CommandLine.fixture("tiny-llama")
    let record = try record("--machine", "l40s", "--set", "policy.checkpoint=\(tiny)")
    #expect(record["model"] as? String == "tiny-llama")
  }

  @Test(arguments: [
    (
      ["--machine", "h100"],
      "run.yaml:3: policy.checkpoint: no/model-7b: expected a model's folder with config.json, found none"
    ),
    (["--machine", "h10", "--model", "7B"], "h10: no readable machine file here"),
    (
      ["--machine", "h100", "--model", "7B", "--nodes", "1,,2"],
      "--nodes: expected numbers from 1 to 4096, got '1,,2'"
    ),
    (
      ["--machine", "h100", "--model", "7B", "--nodes", "1,1024", "--gpus", "8"],
      "--nodes: expected at most 4096 ranks in all, got 1024 × 8"
    ),
    (
      ["--machine", "h100", "--model", "7B", "--mean-length", "2000"],
      "error: --mean-length: expected a mean length of at most rollout.max-new-tokens = 1024, got 2000.0"
    ),
    (
      ["--machine", "h100", "--model", "7B", "--reward-seconds=-1"],
      "--reward-seconds: expected 0 to 1000000 seconds"
    ),
    (
      ["--machine", "h100", "--model", "7B", "--set", "policy=transformer"],
      "policy.use: a plan needs a policy with the parameters precision, shard, microbatch-tokens,"
        + " decoding-rows; transformer has not"
    ),
    (
      ["--machine", "h100", "--model", "7B", "--set", "schedule.eta=2"],
      "schedule.eta: expected a number in"
    ),
  ])
  func `a wrong request is told, with exit status 2`(arguments: [String], message: String) throws {
    let result = try CommandLine().run(["plan", config] + arguments)
    #expect(result.status == 2)
    #expect(result.output.isEmpty)
    #expect(result.errors.contains(message), "\(result.errors)")
  }
}
