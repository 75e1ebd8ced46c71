import Foundation
import FulcrumKernel
import JSONLTaskPlugin
import Testing

/// Rows in the forms in which data sets are published, in words of our own (Tests/Fixtures/rows).
@Suite struct PublishedRowsTests {
  private func items(_ name: String, _ given: [String: String]) throws -> [TaskItem] {
    let fixtures = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
      .deletingLastPathComponent().deletingLastPathComponent()
    let file = fixtures.appendingPathComponent("Fixtures/rows/\(name).jsonl").path
    let values = given.mapValues { ParameterValue.text($0) }.merging(["train": .text(file)]) { $1 }
    let task = try JSONLTask(
      Parameters(values, for: JSONLTask.manual.parameters, at: "task"), context: ComponentContext())
    return try (0..<(task.trainingCount ?? 0)).map { try task.trainingItem($0) }
  }

  @Test func `GSM8K: the answer stands behind a mark`() throws {
    let items = try items("gsm8k", ["prompt-key": "question", "answer-after": "####"])
    #expect(items.map(\.answer) == ["22", "6,000"])
    #expect(items[0].prompt.hasPrefix("A shelf holds"))
  }

  @Test func `MATH: the solution has the box that rewards read, and levels are categories`() throws
  {
    let items = try items(
      "math", ["prompt-key": "problem", "answer-key": "solution", "category-key": "level"])
    #expect(items.map(\.category) == ["Level 2", "Level 1"])
    #expect(items[0].answer.contains("\\boxed{\\frac{3}{4}}"))
    #expect(items[0].fields == ["type": .text("Prealgebra")])
  }

  @Test func `DeepScaleR: the answer is a column of its own`() throws {
    let items = try items("deepscaler", ["prompt-key": "problem"])
    #expect(items.map(\.answer) == ["4", "1024"])
  }

  @Test func `Countdown: the answer is an object, and the numbers are columns`() throws {
    let items = try items(
      "countdown", ["answer-key": "reward_model.ground_truth", "category-key": "data_source"])
    #expect(items[0].answer == #"{"target":24,"numbers":[3,8,1]}"#)
    #expect(items[0].messages.map(\.role) == [.user])
    #expect(items[1].fields["nums"] == .list([.integer(5), .integer(2)]))
    #expect(items[1].fields["target"] == .integer(10))
    #expect(items.map(\.category) == ["countdown", "countdown"])
  }

  @Test func `Logic-RL: the answer's text is a key of its own`() throws {
    let keys = ["answer-key": "reward_model.ground_truth.solution_text_format"]
    #expect(try items("logic-rl", keys)[0].answer == "(1) Ann is a knight\n(2) Bob is a knave")
    #expect(try items("logic-rl", ["answer-key": "solution_text"])[0].answer.hasPrefix("(1) Ann"))
  }

  @Test func `reasoning-gym: the metadata reach the reward, and name the category`() throws {
    let items = try items(
      "reasoning-gym", ["prompt-key": "question", "category-key": "metadata.source_dataset"])
    #expect(items.map(\.answer) == ["10", "18"])
    #expect(items.map(\.category) == ["leg_counting", "leg_counting"])
    guard case .object(let metadata)? = items[0].fields["metadata"] else {
      Issue.record("no metadata")
      return
    }
    #expect(metadata["animals"] == .object(["cat": .integer(2), "hen": .integer(1)]))
  }

  @Test(arguments: [
    ["answer-key": "reward_model.ground_truth"],
    ["answer-key": "extra_info.answer", "answer-after": "####"],
  ])
  func `verl's GSM8K rows`(_ keys: [String: String]) throws {
    let item = try items("verl-gsm8k", keys)[0]
    #expect(item.answer == "24")
    #expect(item.messages.count == 1 && item.prompt.isEmpty)
    #expect(item.fields["data_source"] == .text("openai/gsm8k"))
  }

  @Test func `TRL's conversations end with what is to be imitated`() throws {
    let items = try items(
      "trl-demonstrations", ["prompt-key": "messages", "answer-key": ""])
    #expect(items.map(\.messages.count) == [2, 3])
    #expect(items.allSatisfy { $0.messages.last?.role == .user })
  }
}
