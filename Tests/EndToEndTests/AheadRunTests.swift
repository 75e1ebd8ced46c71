import Foundation
import Testing

/// Runs that sample one step ahead, with the tests' engine, whose sampler is a program of its own in its
/// numbers (Tests/Fixtures/engine).
@Suite("runs that sample ahead") struct AheadRunTests {
  private let folder: CommandLine.Folder
  private let config: String

  init() throws {
    folder = try CommandLine.Folder()
    config = try SmallRun.engineConfiguration(sampler: "vllm", in: folder.path)
  }

  private func train(_ name: String, _ settings: String...) throws -> CommandLine.Result {
    let all = [
      "output=\(folder.path)/\(name)", "steps=4", "checkpoint.every=1", "checkpoint.keep=9",
    ]
    return try CommandLine().run(
      ["train", config, "--record"] + (all + settings).flatMap { ["--set", $0] })
  }

  private func rollout(_ run: String, step: Int) throws -> String {
    try String(
      contentsOfFile: "\(folder.path)/\(run)/rollouts/step-\(step).jsonl", encoding: .utf8)
  }

  @Test(
    "a step trains on what the policy before the last step samples, and the sampler's numbers are seen"
  )
  func oneStepOff() throws {
    // An update so large that another policy's samples differ.
    let rate = "update.learning-rate=0.5"
    let plain = try train("plain", rate)
    try #require(plain.status == 0, "\(plain.errors)")
    let ahead = try train("ahead", rate, "rollout.ahead=1")
    try #require(ahead.status == 0, "\(ahead.errors)")
    let frozen = try train("frozen", "update.learning-rate=0")
    try #require(frozen.status == 0, "\(frozen.errors)")
    #expect(try rollout("ahead", step: 1) == rollout("plain", step: 1))
    // The second step's are still the first policy's.
    #expect(try rollout("ahead", step: 2) == rollout("frozen", step: 2))
    #expect(try rollout("ahead", step: 2) != rollout("plain", step: 2))
    #expect(try rollout("ahead", step: 3) != rollout("frozen", step: 3))
    let metrics = try SmallRun.metrics(of: folder.path + "/plain")
    // The tests' sampler is off by 1/16 nat for two tokens of three; f32's rounding.
    for one in metrics {
      let largest = try #require(one["sampling/logp_difference/max"])
      let mean = try #require(one["sampling/logp_difference/mean"])
      #expect(abs(largest - 0.0625) < 1e-5 && mean > 0.02 && mean < 0.0625)
    }
  }

  @Test("a run that was stopped between its steps goes on to the same bits")
  func resumed() throws {
    let whole = try train("whole", "rollout.ahead=1")
    try #require(whole.status == 0, "\(whole.errors)")
    let run = folder.path + "/whole"
    let cut = folder.path + "/cut"
    try FileManager.default.copyItem(atPath: run, toPath: cut)
    for step in 3...4 {
      try FileManager.default.removeItem(atPath: "\(cut)/checkpoints/step-\(step)")
    }
    let files = try FileManager.default.contentsOfDirectory(
      atPath: "\(cut)/checkpoints/step-2/trainer")
    #expect(files.contains("ahead.json"))
    #expect(
      !FileManager.default.fileExists(atPath: "\(run)/checkpoints/step-4/trainer/ahead.json"))
    let resumed = try CommandLine().run("resume", cut)
    try #require(resumed.status == 0, "\(resumed.errors)")
    try FaultRun.expectEqual(run, cut, checkpoint: 4)
    // The step after the last was not sampled ahead.
    let longer = try CommandLine().run("resume", cut, "--steps", "6")
    #expect(longer.status == 2)
    #expect(
      longer.errors.contains(
        "--steps: rollout.ahead is 1: step 5 would have been sampled while step 4, the run's last,"
          + " trained, and was not\n  hint: a new run can begin there: 'fulcrum train "),
      "\(longer.errors)")
  }

  @Test("a run that sampled ahead is replayed as it is, to the same bits")
  func replayed() throws {
    let run = try train("recorded", "rollout.ahead=1")
    try #require(run.status == 0, "\(run.errors)")
    let again = try CommandLine().run(
      "replay", folder.path + "/recorded", "--output", folder.path + "/replayed")
    try #require(again.status == 0, "\(again.errors)")
    let tables = try ["recorded", "replayed"].map {
      try Data(
        contentsOf: URL(fileURLWithPath: "\(folder.path)/\($0)/checkpoints/step-4/table.f64"))
    }
    #expect(tables[0] == tables[1])
  }

  @Test("a sampler with other numbers than the limit allows ends the run before its first step")
  func limit() throws {
    let run = try train("limit", "update.max-mean-logp-difference=0.01")
    #expect(run.status == 1)
    #expect(
      run.errors.contains(
        /step 1: policy: expected log π in training within 0.01 of log π as sampled on average, got a mean difference of 0\.0[0-9]+ over [0-9]+ tokens/
      ), "\(run.errors)")
  }

  @Test(
    "what a sampler can't do for the update is refused",
    arguments: [
      (
        "rollout.top-p=0.9",
        "rollout.top-p: expected draws from the whole distribution by vLLM, got top-p = 0.9\n  hint: vLLM"
          + " tells log π of the distribution that is left by the cut, which can't be compared with the"
          + " policy's: leave it out, or set policy.sampler to torch"
      ),
      (
        "rollout.min-new-tokens=2",
        "rollout.min-new-tokens: expected draws from the whole distribution by vLLM, got min-new-tokens = 2"
      ),
      (
        "rollout={ahead: 1, dynamic-sampling: true}",
        "rollout.ahead: expected 0 with dynamic sampling, got 1\n  hint: how many prompts a step takes is"
          + " known only when its own completions are there"
      ),
    ])
  func refused(setting: String, message: String) throws {
    let run = try train("refused", setting)
    #expect(run.status == 2 && run.errors.contains(message), "\(run.errors)")
  }

  @Test("a policy that samples by itself can't sample ahead")
  func embedded() throws {
    let config = try SmallRun.configuration(
      start: try SmallRun.start(in: folder.path), in: folder.path)
    let run = try CommandLine().run(
      "train", config, "--set", "rollout.ahead=1", "--set", "output=\(folder.path)/own")
    #expect(run.status == 2)
    #expect(
      run.errors.contains(
        "rollout.ahead: expected 0 for a policy that samples by itself, got 1\n  hint: a policy that"
          + " samples by a program of its own can: policy.use torch with policy.sampler vllm"),
      "\(run.errors)")
  }
}
