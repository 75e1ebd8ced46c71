import Foundation
import Microscope
import Testing

/// Records of the microscope to draw.
enum RecordExample {
  /// A record that `fulcrum microscope` wrote.
  static let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Fixtures/microscope.json").path

  static func measured() throws -> MicroscopeRecord {
    try #require(try MicroscopeRecord(file: path))
  }

  /// A record of two intervals, low and high, in which nothing was there to measure.
  static func empty() throws -> MicroscopeRecord {
    let pair = "[null, null]"
    let change = "{\"quantiles\": [], \"mean_abs\": \(pair), \"spread\": \(pair)}"
    return try read(
      """
      {"config": "c.yaml", "checkpoint": "", "step": 0, "optimizer": "sgd", "learning_rate": 0.001,
       "rollouts": "fresh", "batches": 1, "tokens": 0, "intervals": ["low", "high"],
       "figure1": {
        "a": {"share": \(pair), "spread": \(pair), "histogram": []},
        "b": {"quantiles": [], "mean": \(pair)}, "c": \(change),
        "d": {"norm": \(pair), "spread": \(pair), "all": null}, "e": \(change), "f": \(change)},
       "figure3": [],
       "bounds": {"tokens": 0, "violations": 0, "vocabulary": 2, "lower": 1.4142135623730951,
        "upper": 1.4142135623730951, "minimum": null, "maximum": null, "histogram": [],
        "tolerance": 1e-05},
       "interventions": [\(pair), \(pair)], "interventions_along": [\(pair), \(pair)]}
      """)
  }

  /// Reads a part of a record.
  static func read<Part: Decodable>(_ text: String) throws -> Part {
    try JSONDecoder().decode(Part.self, from: Data(text.utf8))
  }
}
