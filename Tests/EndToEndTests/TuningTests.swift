import Foundation
import Testing

/// `fulcrum arms --tune`: each arm is given its value on seeds of their own.
@Suite struct TuningTests {
  private let run = try? FaultRun()

  private func arguments(_ run: FaultRun, _ output: String, _ more: String...) -> [String] {
    [
      "arms", run.config, "--seeds", "1", "--arm", "plain=advantage=[grpo];schedule=single",
      "--set", "output=\(output)", "--set", "steps=2", "--tune", "update.learning-rate=1e-3,1e-5",
      "--tune-seeds", "1", "--tune-by", "reward",
    ] + more
  }

  @Test func `arms are tried first, and trained with the value that was best`() throws {
    let run = try #require(run)
    let output = run.folder.path + "/arms"
    let refused = try CommandLine().run(arguments(run, output, "--only", "main"))
    #expect(refused.status == 2)
    #expect(
      refused.errors
        == "error: --tune: expected all trials of an arm before its runs, found 0 of 2 of as configured,"
        + " 0 of 2 of plain\n  hint: run the tuning with --only tuning first, every shard of it\n")
    let tuned = try CommandLine().run(arguments(run, output, "--only", "tuning"))
    try #require(tuned.status == 0, "\(tuned.errors)")
    let folders = ["as-configured-1e-3", "plain-1e-3", "as-configured-1e-5", "plain-1e-5"].map {
      output + "/tuning/\($0)-seed-1007"
    }
    for folder in folders { #expect(try SmallRun.metrics(of: folder).count == 2) }
    #expect(!FileManager.default.fileExists(atPath: output + "/plain-seed-7"))
    #expect(tuned.output.contains("1 of 4: as configured with 1e-3, seed 1007\n"))
    #expect(
      tuned.output.contains(
        "Tuning of update.learning-rate: reward, means over 1 seed of their own\n"))
    let lines = try String(contentsOfFile: output + "/tuning/runs.jsonl", encoding: .utf8)
    #expect(lines.split(separator: "\n").count == 4)

    let json = run.folder.path + "/data.json"
    let result = try CommandLine().run(arguments(run, output, "--json", json))
    try #require(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("4 of 4: plain with 1e-5, seed 1007: done before\n"))
    // What the trials' rewards say, worked out here.
    for arm in ["as-configured", "plain"] {
      let rewards = try ["1e-3", "1e-5"].map { value in
        try #require(
          try SmallRun.metrics(of: "\(output)/tuning/\(arm)-\(value)-seed-1007").last?["reward"])
      }
      // Of equal rewards the smaller value.
      let best = rewards[0] > rewards[1] ? "0.001" : "1e-05"
      let yaml = try String(contentsOfFile: "\(output)/\(arm)-seed-7/run.yaml", encoding: .utf8)
      #expect(yaml.contains("learning-rate: \(best)\n"), "\(rewards) \(yaml)")
    }
    let data = try String(contentsOfFile: json, encoding: .utf8)
    #expect(
      data.contains("\"tuning\": {\"keys\": [\"update.learning-rate\"], \"measure\": \"reward\""))
    let page = try String(contentsOfFile: output + "/compare.html", encoding: .utf8)
    #expect(page.contains("Tuning of update.learning-rate"))
  }

  @Test func `wrong requests are refused before any training`() throws {
    let run = try #require(run)
    let output = run.folder.path + "/refused"
    func refused(_ more: String..., by sentence: String) throws {
      let result = try CommandLine().run(
        ["arms", run.config, "--arm", "x=schedule=single", "--set", "output=\(output)"] + more)
      #expect(result.status == 2)
      #expect(result.errors.contains(sentence), "\(result.errors)")
    }
    try refused("--only", "main", by: "--only: expected --tune beside it, got none")
    try refused(
      "--tune", "schedule.eta=0.3,0.5",
      by: "arm x: expected arms that leave schedule.eta alone, got 'schedule=single'")
    try refused("--tune", "update.iterations=1,0", by: "update.iterations")
    try refused(
      "--tune", "update.iterations=1,2", "--only", "it",
      by: "--only: expected tuning or main, got 'it'")
    try refused(
      "--tune", "update.iterations=1,2", "--tune-seeds", "0",
      by: "--tune-seeds: expected 1 to 1000, got 0")
    try refused("--tune", "update.learning-rate=1e-3,0.001", by: "a value is given twice")
    try refused(
      "--tune", "update.iterations=1,2", "--tune-by", "pass@4",
      by:
        "--tune-by: expected a measure of these runs, got 'pass@4'\n  hint: they have 'accuracy', ")
    try refused(
      "--tune", "update.iterations=1,2", "--tune-by", "entropy",
      by: "--tune-by: expected a measure of these runs, got 'entropy'")
    // Whatever is chosen, the run that is there is another one.
    let begun = try CommandLine().run(
      "train", run.config, "--set", "output=\(output)/as-configured-seed-7", "--set", "steps=1")
    try #require(begun.status == 0, "\(begun.errors)")
    try refused(
      "--tune", "update.iterations=1,2", by: "expected a run with steps 3, found one with 1")
    try FileManager.default.removeItem(atPath: output)
    #expect(!FileManager.default.fileExists(atPath: output))
  }
}
