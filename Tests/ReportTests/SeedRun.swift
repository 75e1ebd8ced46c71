import Foundation
import Report

/// A made-up run of an arm with a seed, removed with the value.
struct SeedRun {
  let folder: RunFolder
  let record: RunRecord

  /// - Parameters:
  ///   - correct: the right ones of 10 items of the first category and of 20 of the second.
  ///   - settings: further lines of the configuration.
  init(
    _ arm: String, seed: Int, _ correct: (Int, Int), reward: Double, settings: String = ""
  ) throws {
    folder = try RunFolder("\(arm)-\(seed)")
    // A setting of its own, for arms are runs of one configuration.
    try folder.write(
      "arm: \(arm)\nseed: \(seed)\nadvantage: of-\(arm)\nupdate: {learning-rate: 1e-4}\n"
        + settings, to: "run.yaml")
    try folder.write("{\"step\": 1, \"reward\": \(reward)}\n", to: "metrics.jsonl")
    try folder.write(
      "{\"step\": 1, \"a\": {\"correct\": \(correct.0), \"count\": 10},"
        + " \"b\": {\"correct\": \(correct.1), \"count\": 20}}\n", to: "evaluations.jsonl")
    record = try RunRecord(folder.path)
  }
}
