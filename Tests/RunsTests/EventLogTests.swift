import Foundation
import FulcrumKernel
import Runs
import Settings
import SwiftProtobuf
import TensorBoardEvents
import Testing
import Training

@Suite final class EventLogTests {
  private let directory: RunDirectory

  init() throws {
    directory = try RunDirectory(
      creating: NSTemporaryDirectory() + "fulcrum-" + UUID().uuidString)
  }

  deinit { try? FileManager.default.removeItem(atPath: directory.path) }

  private func log(at time: Double = 5, _ given: [String: ParameterValue] = [:]) throws
    -> EventLog?
  {
    let values = try Parameters(given, for: LoggingSettings.schema, at: LoggingSettings.key)
    return EventLog(
      try LoggingSettings(values), directory: directory, wallTime: { time })
  }

  private func events() throws -> [Event] {
    let data = try Data(contentsOf: URL(fileURLWithPath: directory.events))
    let records = RecordFile.records(in: data)
    #expect((records.last?.end ?? 0) == data.count)
    return try records.map { try Event(serializedBytes: $0.data) }
  }

  /// Two groups of three completions of one token each.
  private func collected() -> CollectedRollout {
    func item(_ name: String) -> TaskItem {
      TaskItem(id: name, prompt: "Who is \(name)?", answer: "a knight", category: "two")
    }
    let rollout = Rollout(
      items: [item("Ann"), item("Bob")],
      sequences: SequenceBatch(
        prompts: [[1], [2]], completions: [[[3], [4], [5]], [[6], [7], [8]]]),
      logProbabilities: [0, -0.1, -0.5, -1, -2, -4],
      isFinished: [Bool](repeating: true, count: 6),
      completions: ["a", "~~~\nb\n~~~", "c", "d", "e", "f"],
      scores: [
        [1, 0, 0, 1, 0, 0].map { RewardScore.scored($0, $0 > 0 ? .correct : .wrong) }
      ], rewardWeights: [1.5])
    return CollectedRollout(
      rollout: rollout, sampledPrompts: 2, sampledTokens: 6, sampledReward: 0.5)
  }

  private func write(_ log: EventLog?, step: Int) throws {
    var metrics = Metrics()
    metrics.set("reward", 0.5 + Double(step))
    metrics.set("step_time", 3)
    metrics.set("loss", .nan)
    metrics.set("time/update", 2)
    let sequences = collected().rollout.sequences
    var report = UpdateReport(
      on: sequences, plan: UpdatePlan(),
      minibatches: Minibatch.cut(sequences, prompts: 2, aggregation: Aggregation(.tokenMean)))
    for lever: Float in [1, 0.1, 0] {
      report.count(loss: 0, logProbability: -1, weight: -0.01, entropy: 0, lever: lever)
    }
    try log?.write(
      metrics, collected(), advantages: [1, 0.5, -1, 0, 0, 0], pulls: report.pulls, step: step)
  }

  private let accuracy = Evaluation(rows: [
    .init(category: "two", correct: 1, count: 4), .init(category: "ten", correct: 0, count: 4),
  ])

  @Test func `a step comes back as scalars, histograms and text`() throws {
    try write(log(), step: 7)
    let events = try events()
    try #require(events.count == 4)
    #expect(events[0].fileVersion == "brain.Event:2" && events[0].step == 0)
    #expect(events.allSatisfy { $0.wallTime == 5 })
    #expect(events[1...].allSatisfy { $0.step == 7 })
    let values = events[1].summary.value
    #expect(
      values.map(\.tag)
        == ["reward", "loss", "tokens/probability", "tokens/advantage", "tokens/log10_pull"])
    #expect(values[0].simpleValue == 7.5)
    #expect(values[1].simpleValue.isNaN)
    #expect(events[2].summary.value.map(\.tag) == ["step_time", "time/update"])

    let probability = values[2].histo
    // exp of -4, -2, -1, -0.5, -0.1, 0: 0.018, 0.135, 0.368, 0.607, 0.905, 1.
    var counts = [Double](repeating: 0, count: 20)
    for bucket in [0, 2, 7, 12, 18, 19] { counts[bucket] = 1 }
    #expect(probability.bucket == counts)
    #expect(probability.bucketLimit.count == 20 && probability.bucketLimit[0] == 0.05)
    #expect(probability.num == 6 && probability.max == 1)
    #expect(abs(probability.min - 0.0183) < 1e-4)
    let advantage = values[3].histo
    #expect(advantage.bucket.reduce(0, +) == 6)
    #expect(advantage.min == -1 && advantage.max == 1)
    #expect(advantage.sum == 0.5 && advantage.sumSquares == 2.25)
    // A token without a lever has no pull; 0.01 · 1 and 0.01 · 0.1 are 10⁻² and 10⁻³.
    let pull = values[4].histo
    #expect(pull.num == 2)
    #expect(abs(pull.min + 3) < 1e-6 && abs(pull.max + 2) < 1e-6)

    let text = try #require(events[3].summary.value.first)
    #expect(text.tag == "samples" && text.metadata.pluginData.pluginName == "text")
    let rows = text.tensor.stringVal.map { String(decoding: $0, as: UTF8.self) }
    #expect(text.tensor.dtype == .dtString && text.tensor.tensorShape.dim.map(\.size) == [6])
    #expect(
      rows == [
        "**prompt** Ann\n\n~~~\nWho is Ann?\n~~~", "**correct**, reward 1.500\n\n~~~\na\n~~~",
        "**wrong**, reward 0.000\n\n~~~~\n~~~\nb\n~~~\n~~~~",
        "**wrong**, reward 0.000\n\n~~~\nc\n~~~", "**prompt** Bob\n\n~~~\nWho is Bob?\n~~~",
        "**correct**, reward 1.500\n\n~~~\nd\n~~~",
      ])
  }

  @Test func `samples follow the configuration, and nothing is written where it is off`() throws {
    #expect(try log(["tensorboard": .flag(false)]) == nil)
    let few = try log(["samples": .integer(1), "samples-every": .integer(2)])
    try write(few, step: 1)
    try write(few, step: 2)
    let text = try events().flatMap(\.summary.value).filter { $0.tag == "samples" }
    #expect(text.map(\.tensor.stringVal.count) == [2])
  }

  @Test func `an evaluation is written once, also by a later process`() throws {
    let first = try log()
    try first?.write(accuracy, step: 0)
    try first?.write(accuracy, step: 0)
    try write(first, step: 1)
    let second = try log()
    try second?.write(accuracy, step: 0)
    try second?.write(accuracy, step: 1)
    let found = try events().filter { $0.summary.value.first?.tag.hasPrefix("evaluation/") == true }
    #expect(found.map(\.step) == [0, 1])
    #expect(found[0].summary.value.map(\.tag) == ["evaluation/ten", "evaluation/two"])
    #expect(found[0].summary.value.map(\.simpleValue) == [0, 0.25])
  }

  @Test func `pass@k and the greedy accuracy have tags of their own`() throws {
    let row = Evaluation.Row(
      category: "two", counts: .init(correct: 2, count: 4),
      samples: SampledItems(
        k: 2, items: [.init(correct: 2, count: 2), .init(correct: 0, count: 2)]),
      greedy: .init(correct: 1, count: 4))
    try log()?.write(Evaluation(rows: [row]), step: 0)
    let values = try #require(try events().last).summary.value
    #expect(
      values.map(\.tag) == [
        "evaluation/two", "evaluation/two/pass@2", "evaluation/two/greedy",
      ])
    #expect(values.map(\.simpleValue) == [0.5, 0.5, 0.25])
  }

  @Test func `a resumed run's events are an uninterrupted one's, but for wall time`() throws {
    func write(_ steps: ClosedRange<Int>, at time: Double) throws {
      let log = try log(at: time)
      try log?.write(accuracy, step: 0)
      for step in steps { try self.write(log, step: step) }
    }
    try write(1...4, at: 5)
    let whole = try Data(contentsOf: URL(fileURLWithPath: directory.events))
    // Killed at some byte after the checkpoint's step was written whole.
    for step in [0, 2, 3] {
      let end = try #require(
        RecordFile.records(in: whole).last { try Event(serializedBytes: $0.data).step <= step }
      ).end
      for length in (step == 0 ? 0 : end)...whole.count {
        try whole.prefix(length).write(to: URL(fileURLWithPath: directory.events))
        try directory.rewind(to: step)
        #expect(
          try Data(contentsOf: URL(fileURLWithPath: directory.events)).count <= end,
          "step \(step), \(length) bytes")
        guard length % 97 == 0 || length == whole.count else { continue }
        try write(step + 1...4, at: 5)
        #expect(
          try Data(contentsOf: URL(fileURLWithPath: directory.events)) == whole,
          "step \(step), \(length) bytes")
      }
    }
    // Another time changes no length.
    try directory.rewind(to: 2)
    try write(3...4, at: 6)
    #expect(try events().last?.wallTime == 6)
    #expect(try Data(contentsOf: URL(fileURLWithPath: directory.events)).count == whole.count)
  }
}
