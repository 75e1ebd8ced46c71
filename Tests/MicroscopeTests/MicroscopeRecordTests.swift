import Foundation
import FulcrumKernel
import JSON
import Microscope
import PluginHost
import Runs
import Testing

@Suite struct MicroscopeRecordTests {
  private func record(batches: Int = 2) throws -> MicroscopeRecord {
    MicroscopeRecord(
      MicroscopeSubject(
        config: "hand.yaml", checkpoint: "", step: 0, optimizer: .sgd, learningRate: 0.5,
        rollouts: .fresh),
      try HandBatch.look(HandBatch.microscope(learningRate: 0.5), batches: batches),
      words: WordRecord(try .builtIn(), name: "as configured", survey: WordSurvey()))
  }

  @Test func `the file has what the documentation says, and null where there is no token`() throws {
    let text = try record().text
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    #expect(
      Set(object.keys) == [
        "config", "checkpoint", "step", "optimizer", "learning_rate", "rollouts", "batches",
        "tokens", "intervals", "figure1", "figure3", "bounds", "interventions",
        "interventions_along", "layers", "figure5",
      ])
    #expect(object["batches"] as? Int == 2)
    #expect(object["tokens"] as? Int == 12)
    let figure = try #require(object["figure1"] as? [String: [String: Any]])
    #expect(Set(figure.keys) == ["a", "b", "c", "d", "e", "f"])
    let mean = try #require(figure["b"]?["mean"] as? [Any])
    #expect(mean[0] as? Double == -0.5)
    #expect(mean[3] is NSNull)
    let table = try #require(object["interventions"] as? [[Any]])
    #expect(table.count == 4)
    #expect(table.allSatisfy { $0.count == 4 })
    let bounds = try #require(object["bounds"] as? [String: Any])
    #expect(bounds["violations"] as? Int == 0)
    #expect(bounds["tokens"] as? Int == 12)
    #expect((bounds["histogram"] as? [Int])?.reduce(0, +) == 12)
  }

  /// The keys of an object and of those within, in order.
  private func keys(_ value: Any, at path: String = "") -> [String] {
    guard let object = value as? [String: Any] else { return [] }
    return object.keys.sorted().flatMap { key in
      [path + key] + keys(object[key] ?? [], at: path + key + ".")
    }
  }

  private let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Fixtures/microscope.json")

  @Test func `a record is written as it is read, to the byte`() throws {
    let record = try #require(try MicroscopeRecord(file: path.path))
    #expect(try String(contentsOf: path, encoding: .utf8) == record.text + "\n")
    #expect(record.tokens == 73498)
    #expect(record.layers?.names.last == "logits")
    #expect(try MicroscopeRecord(file: path.path + "/none") == nil)
  }

  @Test func `the example has the keys of the record`() throws {
    let example = try JSONSerialization.jsonObject(with: try Data(contentsOf: path))
    let own = try JSONSerialization.jsonObject(with: Data(try record().text.utf8))
    #expect(keys(example) == keys(own))
    #expect(keys(example).contains("figure1.d.norm"))
  }

  @Test func `equal batches have no spread`() throws {
    let figure = try record().figure1
    #expect(figure.d.spread == [0, 0, 0, 0])
    #expect(figure.c.spread[..<3] == [0, 0, 0])
    #expect(figure.c.spread[3].isNaN)
    #expect(try figure.d.norm == record(batches: 1).figure1.d.norm)
  }

  @Test func `mean and spread leave out batches without tokens`() throws {
    var batches = [HandBatch.rollout, HandBatch.rolloutOfTwoTokens][...]
    let findings = try HandBatch.microscope(learningRate: 0.5).look(
      batches: 2, next: { () throws(FulcrumError) in (batches.removeFirst(), 1) })
    let figure = MicroscopeRecord(
      MicroscopeSubject(
        config: "", checkpoint: "", step: 0, optimizer: .sgd, learningRate: 0.5, rollouts: .fresh),
      findings
    ).figure1
    // Token 1, alone in the second interval, is in the first batch only: a sixth of it.
    #expect(figure.a.share[1] == 1.0 / 12)
    #expect(abs(figure.a.spread[1] - 1 / 72.0.squareRoot()) < 1e-12)
    #expect(figure.b.mean[1] == 1)
    #expect(figure.c.spread[1] == 0)
    // Token 2: mean advantages −0.5 and 0.5.
    #expect(figure.b.mean[0] == 0)
    #expect(figure.c.spread[0] > 0)
    #expect(figure.b.mean[3].isNaN)
  }

  @Test func `the table shows the paper's numbers beside the measured ones`() throws {
    let text = MicroscopeTable(try record()).text
    #expect(text.hasPrefix("hand.yaml, step 0: 2 fresh batches, 12 tokens, sgd at 0.5\n"))
    #expect(
      text.contains(
        "\n    paper                                  19.22       10.15       10.09       60.54\n"))
    #expect(text.contains("0 of 12 tokens outside"))
  }
}
