import Foundation
import Testing

/// Recorded rollouts, trained on again.
@Suite struct ReplayTests {
  private let folder: CommandLine.Folder
  private let recorded: String

  init() throws {
    folder = try CommandLine.Folder()
    let config = try SmallRun.configuration(
      start: try SmallRun.start(in: folder.path), in: folder.path)
    recorded = folder.path + "/recorded"
    let result = try CommandLine().run(
      "train", config, "--record", "--set", "output=\(recorded)", "--set", "checkpoint.every=1",
      "--set", "checkpoint.keep=9")
    try #require(result.status == 0, "\(result.errors)")
  }

  /// Metrics that a replay has of its own rollouts and updates alike.
  private func metrics(_ run: String) throws -> [[String: Double]] {
    // Where tokens went is not looked at in a replay.
    try SmallRun.metrics(of: run).map { $0.filter { !$0.key.hasPrefix("direction/") } }
  }

  @Test func `the same method on the recorded rollouts gives the same bits`() throws {
    let replayed = folder.path + "/replayed"
    let result = try CommandLine().run("replay", recorded, "--output", replayed)
    #expect(result.status == 0, "\(result.errors)")
    #expect(
      try SmallRun.weights(of: replayed, step: 3) == SmallRun.weights(of: recorded, step: 3))
    #expect(try metrics(replayed) == metrics(recorded))
  }

  @Test func `another advantage learns from the identical rollouts`() throws {
    let other = folder.path + "/other"
    let result = try CommandLine().run(
      "replay", recorded, "--output", other, "--set", "advantage[1].alpha=0.9")
    #expect(result.status == 0, "\(result.errors)")
    let (one, two) = (try metrics(recorded), try metrics(other))
    for name in ["reward", "num_tokens", "completions/mean_length", "outcomes/correct"] {
      #expect(one.map { $0[name] } == two.map { $0[name] }, "\(name)")
    }
    #expect(one[0]["grad_norm"] != two[0]["grad_norm"])
    #expect(try SmallRun.weights(of: other, step: 3) != SmallRun.weights(of: recorded, step: 3))
  }

  @Test func `rollouts of another policy are corrected, and one's own are left alone`() throws {
    func replay(_ name: String, _ advantages: String) throws -> [[String: Double]] {
      let run = folder.path + "/" + name
      let result = try CommandLine().run(
        "replay", recorded, "--output", run, "--set", "advantage=[\(advantages)]", "--set",
        "update.old-log-probabilities=recompute", "--set", "update.learning-rate=5e-3")
      #expect(result.status == 0, "\(result.errors)")
      return try metrics(run)
    }
    let plain = try replay("plain", "grpo")
    let corrected = try replay("corrected", "grpo, rollout-correction")
    let prefix = "rollout_correction/token/"
    // Both begin at the recorded run's start: the first step's rollouts are of this very policy.
    let own = corrected[0].filter { !$0.key.hasPrefix(prefix) }
    #expect(own == plain[0])
    // From there they go their own way, at another learning rate.
    for step in 0..<3 {
      let ends = try ["min", "mean", "max"].map { end in
        try #require(corrected[step][prefix + "importance_sampling_ratio/" + end])
      }
      let isOwn = step == 0
      #expect(isOwn == (ends == [1, 1, 1]) && isOwn == (ends[0] == 1) && isOwn == (ends[2] == 1))
    }
    #expect(corrected[1]["grad_norm"] != plain[1]["grad_norm"])
  }

  @Test func `a replay may begin at any checkpoint`() throws {
    let replayed = folder.path + "/late"
    let result = try CommandLine().run("replay", recorded, "--output", replayed, "--from", "2")
    #expect(result.status == 0, "\(result.errors)")
    #expect(
      try SmallRun.weights(of: replayed, step: 3) == SmallRun.weights(of: recorded, step: 3))
    #expect(try metrics(replayed).map { $0["step"] } == [3])
  }

  @Test func `a replay that would begin at its end is refused`() throws {
    let result = try CommandLine().run(
      "replay", recorded, "--output", folder.path + "/never", "--from", "3")
    #expect(result.status == 2)
    #expect(
      result.errors.contains(
        "\(recorded)/rollouts: the last recorded rollout is of step 3, the replay begins at step 4")
    )
  }

  @Test func `a run without recorded rollouts can't be replayed`() throws {
    try FileManager.default.removeItem(atPath: recorded + "/rollouts")
    let result = try CommandLine().run("replay", recorded)
    #expect(result.status == 2)
    #expect(
      result.errors.contains(
        "\(recorded)/rollouts: expected recorded rollouts step-N.jsonl, found none"))
    #expect(result.errors.contains("record a run with 'fulcrum train CONFIG --record'"))
  }

  @Test func `a damaged recording is named with its line`() throws {
    let path = recorded + "/rollouts/step-2.jsonl"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    try String(text.dropLast(30)).write(toFile: path, atomically: true, encoding: .utf8)
    let result = try CommandLine().run("replay", recorded, "--output", folder.path + "/bad")
    #expect(result.status == 1)
    #expect(result.errors.contains("step-2.jsonl"), "\(result.errors)")
  }
}
