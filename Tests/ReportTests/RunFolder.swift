import Foundation
import Microscope
import Report

/// A made-up run in a folder of its own, removed with the value.
final class RunFolder {
  let path: String

  init(_ name: String = "run", seed: Int = 1, alpha: String = "0.3", steps: Int = 6) throws {
    path = NSTemporaryDirectory() + "fulcrum-report-" + UUID().uuidString + "/" + name
    try FileManager.default.createDirectory(
      atPath: path + "/samples", withIntermediateDirectories: true)
    try write(
      """
      steps: \(steps)
      seed: \(seed)
      output: "\(path)"
      advantage: [{use: "a"}, {use: "b", alpha: \(alpha)}]
      provenance:
        fulcrum: 0.1.0
        plugins:
          - {name: "a", version: "1.2.0", path: "/x", sha256: "abc\(alpha)"}
      """, to: "run.yaml")
    try write(
      (1...steps).map { step in
        """
        {"step": \(step), "reward": \(step + seed), "accuracy": 0.5, "kl": null, "probability/0.00-0.25/lever_share": 0.5, "probability/0.00-0.25/token_share": 0.1, "direction/0.75-1.00/correct": 0.75}

        """
      }.joined(), to: "metrics.jsonl")
    try write(
      """
      {"step": 0, "2 people": {"correct": 5, "count": 20, "accuracy": 0.25, "low": 0, "high": 1}, "10 people": {"correct": 1, "count": 20, "accuracy": 0.05, "low": 0, "high": 1}}
      {"step": \(steps), "2 people": {"correct": 15, "count": 20, "accuracy": 0.75, "low": 0, "high": 1}, "10 people": {"correct": 2, "count": 20, "accuracy": 0.1, "low": 0, "high": 1}}

      """, to: "evaluations.jsonl")
  }

  deinit {
    try? FileManager.default.removeItem(
      at: URL(fileURLWithPath: path).deletingLastPathComponent())
  }

  var record: RunRecord { get throws { try RunRecord(path) } }

  func write(_ record: MicroscopeRecord) throws {
    try write(record.text + "\n", to: MicroscopeRecord.fileName)
  }

  func write(_ text: String, to name: String) throws {
    try text.write(toFile: path + "/" + name, atomically: true, encoding: .utf8)
  }
}
