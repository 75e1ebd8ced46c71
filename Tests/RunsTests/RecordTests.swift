import Files
import Foundation
import FulcrumKernel
import JSON
import Runs
import Testing
import Training

/// Records are written and read by one description each.
@Suite struct RecordTests {
  private func read<Record: Decodable>(_ text: String) throws -> Record {
    try JSONDecoder().decode(Record.self, from: Data(text.utf8))
  }

  @Test func `a step's metrics keep their order and their digits`() throws {
    var metrics = Metrics()
    metrics.set("reward", 0.1)
    metrics.set("a/b", 3)
    metrics.set("none", .nan)
    metrics.set("tiny", 1e-9)
    let text = metrics.line(step: 7).text
    #expect(text == #"{"step": 7, "reward": 0.1, "a/b": 3, "none": null, "tiny": 1e-09}"#)
    let record: MetricsRecord = try read(text)
    #expect(record.step == 7)
    #expect(record.metrics.entries.count == 4)
    #expect(record.metrics["reward"] == 0.1)
    #expect(record.metrics["none"]?.isNaN == true)
  }

  @Test func `an evaluation is written with what follows from its counts`() throws {
    let evaluation = Evaluation(rows: [
      .init(category: "2 people", correct: 0, count: 0),
      .init(category: "10 people", correct: 1, count: 4),
    ])
    let interval = Statistics.wilson(successes: 1, count: 4)
    let rows =
      #""2 people": {"correct": 0, "count": 0, "accuracy": 0, "low": 0, "high": 1}, "#
      + #""10 people": {"correct": 1, "count": 4, "accuracy": 0.25, "low": "#
      + "\(interval.lowerBound), \"high\": \(interval.upperBound)}"
    #expect(evaluation.line.text == "{\(rows)}")
    let text = evaluation.line(step: 5).text
    #expect(text == "{\"step\": 5, \(rows)}")
    #expect(try read(text) == EvaluationRecord(step: 5, evaluation: evaluation))
    #expect(Evaluation(rows: []).line.text == "{}")
  }

  @Test func `several samples an item are written item by item`() throws {
    let counts = [(1, 2), (2, 2), (0, 2), (1, 2), (0, 0)].map {
      Evaluation.Counts(correct: $0, count: $1)
    }
    let row = Evaluation.Row(
      category: "a", counts: .init(correct: 4, count: 8),
      samples: SampledItems(k: 2, items: counts), greedy: .init(correct: 2, count: 4))
    let evaluation = Evaluation(rows: [row])
    // Worth 8 draws; 3 of 4 items; 2 of 4.
    let (one, two, greedy) = (
      Statistics.wilson(successes: 4, count: 8), Statistics.wilson(successes: 3, count: 4),
      Statistics.wilson(successes: 2, count: 4)
    )
    #expect(
      evaluation.line(step: 5).text
        == "{\"step\": 5, \"a\": {\"correct\": 4, \"count\": 8, \"accuracy\": 0.5, \"low\":"
        + " \(one.lowerBound), \"high\": \(one.upperBound), \"items\": 4, \"k\": 2,"
        + " \"pass_at_k\": 0.75, \"pass_at_k_low\": \(two.lowerBound), \"pass_at_k_high\":"
        + " \(two.upperBound), \"item_correct\": [1, 2, 0, 1, 0], \"item_count\": [2, 2, 2, 2, 0],"
        + " \"greedy\": {\"correct\": 2, \"count\": 4, \"accuracy\": 0.5, \"low\":"
        + " \(greedy.lowerBound), \"high\": \(greedy.upperBound)}}}")
    let record: EvaluationRecord = try read(evaluation.line(step: 5).text)
    #expect(record == EvaluationRecord(step: 5, evaluation: evaluation))
    let damaged = """
      {"step": 5, "a": {"correct": 4, "count": 8, "k": 2, "item_correct": [3], "item_count": [2]}}
      """
    #expect(throws: (any Error).self) { let _: EvaluationRecord = try read(damaged) }
  }

  @Test func `a damaged line of evaluations hides no other`() throws {
    let folder = NSTemporaryDirectory() + "fulcrum-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let directory = try RunDirectory(creating: folder)
    try SafeFiles.write("{\"step\": 1, \"a\"\n{\"step\": 2}\n", to: directory.evaluations)
    #expect(Evaluation.read(step: 1, from: directory) == nil)
    #expect(Evaluation.read(step: 2, from: directory) == Evaluation(rows: []))
  }

  @Test func `a sample is written as it is read`() throws {
    let bare = #"""
      {"step": 3, "id": "i", "prompt": "p\n", "completion": "c", "answer": "", "reward": null, "outcome": "error", "tokens": 2, "finished": false, "advantage_mean": null
      """#
    let tokens = #"""
      , "reason": "none", "token_texts": ["a", "\""], "probability": [0.5, 1], "advantage": [-0.25, 0], "lever": [0.7071, null], "weight": [0, 1e-05]
      """#
    let rewards = #"""
      "outcome": "error", "rewards": [{"name": "math", "value": null, "weight": 1, "outcome": "error", "reason": "none", "parts": []}, {"name": "form", "value": 0.5, "weight": 2, "outcome": "wrong", "parts": [{"name": "box", "value": 1}, {"name": "box", "value": -0.5}]}]
      """#
    let whole = bare.replacing(#""outcome": "error""#, with: rewards)
    for text in [bare + "}", bare + tokens + "}", whole + "}"] {
      let record: SampleRecord = try read(text)
      #expect(JSONLine(record).text == text)
      #expect(record.reward.isNaN)
    }
  }
}
