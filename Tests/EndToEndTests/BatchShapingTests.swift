import Foundation
import Testing

/// Options of rollout, update and reference, through the command line.
@Suite struct BatchShapingTests {
  private let folder: CommandLine.Folder
  private let config: String

  init() throws {
    folder = try CommandLine.Folder()
    config = try SmallRun.configuration(
      start: try SmallRun.start(in: folder.path), in: folder.path)
  }

  private func train(_ name: String, _ overrides: [String]) throws -> CommandLine.Result {
    let all = ["output=\(folder.path)/\(name)"] + overrides
    return try CommandLine().run(["train", config] + all.flatMap { ["--set", $0] })
  }

  private func metrics(_ name: String, _ overrides: String...) throws -> [[String: Double]] {
    let result = try train(name, overrides)
    try #require(result.status == 0, "\(result.errors)")
    return try SmallRun.metrics(of: folder.path + "/" + name)
  }

  @Test func `iterations and repeats multiply the optimiser steps, on the same bits`() throws {
    let iterated = try metrics("iterated", "schedule=single", "update.iterations=3")
    let repeated = try metrics("repeated", "schedule={use: single, repeats: 3}")
    #expect(iterated[0]["optimizer_steps"] == 6)
    // A repeat goes over all mini-batches as an iteration does.
    let path = { self.folder.path + "/" + $0 }
    #expect(
      try SmallRun.weights(of: path("iterated"), step: 3)
        == SmallRun.weights(of: path("repeated"), step: 3))
    #expect(iterated.map { $0["grad_norm"] } == repeated.map { $0["grad_norm"] })
  }

  @Test(arguments: ["seq-mean-token-mean", "seq-mean-token-sum", "seq-mean-token-sum-norm"])
  func `an aggregation acts`(_ name: String) throws {
    let plain = try metrics("plain", "steps=1")
    let other = try metrics("other", "steps=1", "update.aggregation=\(name)")
    // One policy, one rollout; another weight of its tokens.
    #expect(plain[0]["reward"] == other[0]["reward"])
    #expect(plain[0]["grad_norm"] != other[0]["grad_norm"])
  }

  @Test func `dynamic sampling leaves no group without spread`() throws {
    let plain = try metrics("plain", "steps=2")
    let dynamic = try metrics("dynamic", "steps=2", "rollout.dynamic-sampling=true")
    // Otherwise nothing would be shown.
    #expect(plain.contains { $0["frac_reward_zero_std"] != 0 })
    for step in dynamic {
      #expect(step["frac_reward_zero_std"] == 0)
      #expect(try #require(step["sampling/refills"]) >= 0)
    }
    #expect(dynamic.contains { $0["sampling/dropped_groups"] ?? 0 > 0 })
  }

  @Test func `a task without spread stops the run with a clear message`() throws {
    // One token: no completion has an answer, and all rewards are equal.
    let result = try train(
      "stuck",
      ["rollout.dynamic-sampling=true", "rollout.max-refills=2", "rollout.max-new-tokens=1"])
    #expect(result.status == 1)
    #expect(result.errors.contains("rollout.max-refills"), "\(result.errors)")
  }

  @Test func `masked completions leave the update`() throws {
    let plain = try metrics("plain", "steps=1", "rollout.max-new-tokens=24")
    let masked = try metrics(
      "masked", "steps=1", "rollout.max-new-tokens=24", "update.mask-truncated=true")
    let clipped = try #require(plain[0]["completions/clipped_ratio"])
    #expect(clipped > 0)
    #expect(masked[0]["reward"] == plain[0]["reward"])
    #expect(masked[0]["grad_norm"] != plain[0]["grad_norm"])
  }

  @Test func `two rewards are weighed and logged apart`() throws {
    let steps = try metrics(
      "rewards", "steps=1",
      "reward=[{use: knights-and-knaves, weight: 2}, {use: overlong, weight: 0.5, buffer: 20}]")
    let first = try #require(steps.first)
    let sum =
      2 * (try #require(first["rewards/knights-and-knaves/mean"])) + 0.5
      * (try #require(first["rewards/overlong/mean"]))
    // Rewards are summed in f32, sixteen of them of size 6 at most.
    #expect(abs(try #require(first["reward"]) - sum) < 1e-5)
    #expect(first["rewards/overlong/mean"] != 0)
  }

  @Test func `a reference that follows is the same after a resume`() throws {
    let overrides = [
      "steps=6", "reference.update-every=2", "reference.mix=0.5", "checkpoint.every=3",
      "checkpoint.keep=9",
    ]
    let whole = folder.path + "/whole"
    try #require(try train("whole", overrides).status == 0)
    let frozen = try metrics("frozen", "steps=6")
    let moving = try SmallRun.metrics(of: whole)
    #expect(frozen[2]["kl"] != moving[2]["kl"])
    let broken = folder.path + "/broken"
    try FileManager.default.copyItem(atPath: whole, toPath: broken)
    try FileManager.default.removeItem(atPath: broken + "/checkpoints/step-6")
    let resumed = try CommandLine().run("resume", broken)
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(try SmallRun.metrics(of: broken) == moving)
    #expect(try SmallRun.weights(of: broken, step: 6) == SmallRun.weights(of: whole, step: 6))
  }

  @Test func `a run whose weights are saved in bf16 goes on to the same bits`() throws {
    let overrides = [
      "steps=4", "policy.save-precision=bf16", "checkpoint.every=2", "checkpoint.keep=9",
    ]
    let whole = folder.path + "/whole"
    try #require(try train("whole", overrides).status == 0)
    let broken = folder.path + "/broken"
    try FileManager.default.copyItem(atPath: whole, toPath: broken)
    try FileManager.default.removeItem(atPath: broken + "/checkpoints/step-4")
    try #require(try CommandLine().run("resume", broken).status == 0)
    #expect(try SmallRun.metrics(of: broken) == SmallRun.metrics(of: whole))
    #expect(try SmallRun.weights(of: broken, step: 4) == SmallRun.weights(of: whole, step: 4))
  }

  @Test func `a run may start at another run's checkpoint`() throws {
    let whole = folder.path + "/whole"
    try #require(
      try train("whole", ["steps=4", "checkpoint.every=2", "checkpoint.keep=9"]).status == 0)
    let branch = try metrics(
      "branch", "steps=4", "start=\(whole)/checkpoints/step-2")
    #expect(branch.map { $0["step"] } == [3, 4])
    #expect(
      try SmallRun.weights(of: folder.path + "/branch", step: 4)
        == SmallRun.weights(of: whole, step: 4))
  }

  @Test func `gradients that are not finite are skipped, counted, and in the end stop the run`()
    throws
  {
    // A weight decay that multiplies every weight by -999 in each optimiser step, until products
    // overflow.
    let run = folder.path + "/diverged"
    let result = try train(
      "diverged",
      [
        "steps=9", "update.learning-rate=10", "policy.weight-decay=100", "update.max-skipped=2",
        "update.max-logp-difference=1000", "evaluation.items=0",
      ])
    #expect(result.status == 1)
    #expect(
      result.errors.contains(
        "3 steps in a row skipped optimiser steps, more than the 2 of update.max-skipped; the last:"
          + " expected a finite gradient"), "\(result.errors)")
    let last = try #require(try SmallRun.metrics(of: run).last)
    #expect(try #require(last["optimizer_steps_skipped"]) > 0)
    let step = Int(try #require(last["step"]))
    // The step that failed is kept, and fails again.
    let command = "fulcrum replay \(run) --rollouts \(run)/faults --from \(step)"
    #expect(result.errors.contains("'\(command)' repeats the step"))
    let saved = try FileManager.default.contentsOfDirectory(atPath: run + "/faults")
    #expect(saved == ["step-\(step + 1).jsonl"])
    let again = try CommandLine().run(
      "replay", run, "--rollouts", run + "/faults", "--from", "\(step)", "--output", run + "-again")
    #expect(again.status == 1)
    #expect(again.errors.contains("3 steps in a row skipped optimiser steps"), "\(again.errors)")
  }
}
