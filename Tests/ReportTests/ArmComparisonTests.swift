import Report
import Runs
import Testing

@Suite struct ArmComparisonTests {
  /// A run of an arm with a seed, whose held-out accuracy is the mean of two categories'.
  private func run(_ arm: String, seed: Int, _ correct: (Int, Int), reward: Double) throws
    -> (folder: RunFolder, record: RunRecord)
  {
    let folder = try RunFolder("\(arm)-\(seed)")
    // A setting of its own, for arms are runs of one configuration.
    try folder.write("arm: \(arm)\nseed: \(seed)\nadvantage: of-\(arm)\n", to: "run.yaml")
    try folder.write("{\"step\": 1, \"reward\": \(reward)}\n", to: "metrics.jsonl")
    try folder.write(
      "{\"step\": 1, \"a\": {\"correct\": \(correct.0), \"count\": 10},"
        + " \"b\": {\"correct\": \(correct.1), \"count\": 20}}\n", to: "evaluations.jsonl")
    return (folder, try RunRecord(folder.path))
  }

  @Test func `the first arm is ahead by differences on the same seeds`() throws {
    // Means of the two shares: 0.5 and 0.7; 0.4 and 0.75, and 0.1 on a seed that the first lacks.
    let runs = [
      try run("mine", seed: 1, (6, 8), reward: 1), try run("mine", seed: 2, (8, 12), reward: 2),
      try run("plain", seed: 1, (4, 8), reward: -1), try run("plain", seed: 2, (9, 12), reward: 2),
      try run("plain", seed: 3, (1, 2), reward: 0),
    ]
    let arms = Arm.arms(of: runs.map(\.record))
    #expect(arms.map(\.name) == ["mine", "plain"])
    let heldOut = try #require(ArmComparison(.heldOut(.accuracy), of: arms))
    #expect(
      heldOut.head == [
        "arm", "runs", "held-out accuracy", "lowest to highest", "mine ahead by, points",
        "lowest to highest", "ahead on seeds",
      ])
    #expect(
      heldOut.cells == [
        ["mine", "2", "60.0 %", "50.0 % to 70.0 %", "", "", ""],
        ["plain", "3", "41.7 %", "10.0 % to 75.0 %", "2.5", "−5.0 to 10.0", "1 of 2"],
      ])
    let reward = try #require(ArmComparison(.reward, of: arms))
    #expect(
      reward.cells == [
        ["mine", "2", "1.500", "1.000 to 2.000", "", "", ""],
        ["plain", "3", "0.333", "−1.000 to 2.000", "1.000", "0.000 to 2.000", "1 of 2"],
      ])
    let page = Page.comparison(of: runs.map(\.record)).text
    #expect(page.contains("mine ahead by, points"))
    #expect(page.contains("−5.0 to 10.0"))
  }

  @Test func `equal means are no lead, whatever their last bits`() throws {
    // (0.1 + 0.2) / 2 is more than (0.3 + 0) / 2 by a last bit.
    let one = try run("mine", seed: 1, (1, 4), reward: 1)
    let other = try run("plain", seed: 1, (3, 0), reward: 1)
    let arms = Arm.arms(of: [one.record, other.record])
    let cells = try #require(ArmComparison(.heldOut(.accuracy), of: arms)).cells
    #expect(cells[1].suffix(3) == ["0.0", "0.0 to 0.0", "0 of 1"])
  }

  @Test func `arms without a number of a kind are not compared by it`() throws {
    let one = try run("a", seed: 1, (1, 1), reward: 1)
    let other = try run("b", seed: 1, (1, 1), reward: 1)
    try other.folder.write("", to: "evaluations.jsonl")
    let arms = Arm.arms(of: [one.record, try RunRecord(other.folder.path)])
    #expect(ArmComparison(.heldOut(.accuracy), of: arms) == nil)
    #expect(ArmComparison(.reward, of: arms) != nil)
  }

  @Test func `seeds that the first arm lacks leave nothing to be ahead of`() throws {
    let one = try run("a", seed: 1, (1, 1), reward: 1)
    let other = try run("b", seed: 2, (1, 1), reward: 1)
    let arms = Arm.arms(of: [one.record, other.record])
    let comparison = try #require(ArmComparison(.heldOut(.accuracy), of: arms))
    #expect(comparison.cells[1].suffix(3) == ["", "", ""])
  }

  @Test func `a name that two arms were given names neither`() throws {
    let one = try RunFolder("one")
    let two = try RunFolder("two")
    try one.write("arm: x\nschedule: a\n", to: "run.yaml")
    try two.write("arm: x\nschedule: b\n", to: "run.yaml")
    let arms = Arm.arms(of: [try RunRecord(one.path), try RunRecord(two.path)])
    #expect(arms.map(\.name) == ["schedule a", "schedule b"])
  }
}
