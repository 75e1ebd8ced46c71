import FulcrumKernel
import JSON
import Report
import Runs
import Testing
import YAML

@Suite struct TuningStudyTests {
  private let plan: [ArmPlan.Run]
  private let grid: TuningGrid

  init() throws {
    let tree = try ConfigurationTree(
      text: "seed: 1\noutput: runs/a\narm: mine\narms: [plain=schedule=single]", file: "t.yaml")
    grid = try TuningGrid(["update.learning-rate=4e-4,1e-4,2e-4"])
    plan = try ArmPlan(tree, seeds: 1).trials(grid, seeds: 2)
  }

  /// A line of a run with an accuracy and a reward.
  private func summary(_ run: ArmPlan.Run, _ accuracy: Double, reward: Double = 0) throws
    -> RunSummary
  {
    let line = """
      {"arm": "\(run.arm)", "run": "r", "seed": \(run.seed), "method": "m", "settings": {}, "steps": 1,
       "optimizer_steps": 1, "tokens": 1, "seconds": 1, "reward": {"first": 0, "last": \(reward)},
       "lever": [], "token_share": [], "before": [], "after": [
        {"category": "a", "measures": [
         {"name": "accuracy", "mean": \(accuracy), "low": 0, "high": 1, "count": 9}]},
        {"category": "b", "transfer": true, "measures": [
         {"name": "accuracy", "mean": 1, "low": 0, "high": 1, "count": 9}]}]}
      """
    return try JSONRecord.decode(RunSummary.self, from: Array(line.utf8))
  }

  /// The accuracies of an arm's values: of 4e-4, 1e-4 and 2e-4, on two seeds each.
  private func finished(_ accuracies: [String: [(Double, Double)]], reward: Double = 0) throws
    -> [(run: ArmPlan.Run, summary: RunSummary)]
  {
    try plan.compactMap { run in
      guard let point = run.trial, let index = grid.points.firstIndex(of: point),
        let pair = accuracies[run.arm], pair.indices.contains(index)
      else { return nil }
      let value = run.seed == 1001 ? pair[index].0 : pair[index].1
      // A reward that prefers what accuracy doesn't.
      return (run, try summary(run, value, reward: -value))
    }
  }

  @Test func `each arm is given the value of its best mean`() throws {
    // mine: 0.5, 0.4, 0.55; plain: 0.5, 0.3, 0.4: its best is an edge.
    let study = try TuningStudy(
      grid, plan: plan,
      finished: try finished([
        "mine": [(0.4, 0.6), (0.4, 0.4), (0.5, 0.6)],
        "plain": [(0.5, 0.5), (0.3, 0.3), (0.4, 0.4)],
      ]), by: nil)
    #expect(study.chosen.mapValues(\.values) == ["mine": ["2e-4"], "plain": ["4e-4"]])
    #expect(study.missing.isEmpty)
    #expect(
      study.table.text == """
        Tuning of update.learning-rate: accuracy, %, means over 2 seeds of their own
        arm     4e-4   1e-4   2e-4
        mine   50.0   40.0   55.0*
        plain  50.0*  30.0   40.0
        *: the arm is compared with this value.
        At the edge of what was tried for update.learning-rate, others may be better: plain (4e-4).
        """)
    #expect(
      study.data.text.hasPrefix(
        "{\"keys\": [\"update.learning-rate\"], \"measure\": \"accuracy\", \"arms\": [{\"arm\": \"mine\","
          + " \"chosen\": [\"2e-4\"], \"edges\": [], \"trials\": [{\"values\": [\"4e-4\"], \"mean\": 0.5,"
          + " \"seeds\": [0.4, 0.6]}"), "\(study.data.text)")
  }

  @Test func `of equal means the smallest value is taken, and another measure takes another`()
    throws
  {
    // 0.1 + 0.2 is more than 0.3 by a last bit.
    let runs = try finished([
      "mine": [(0.1, 0.2), (0.3, 0.0), (0.15, 0.15)],
      "plain": [(0.1, 0.1), (0.2, 0.2), (0.2, 0.2)],
    ])
    let study = try TuningStudy(grid, plan: plan, finished: runs, by: "accuracy")
    #expect(study.chosen.mapValues(\.values) == ["mine": ["1e-4"], "plain": ["1e-4"]])
    let other = try TuningStudy(grid, plan: plan, finished: runs, by: "reward")
    #expect(other.chosen["plain"]?.values == ["4e-4"])
    #expect {
      _ = try TuningStudy(grid, plan: plan, finished: runs, by: "greedy")
    } throws: { error in
      "\(error)"
        == "--tune-by: expected a measure of these runs, got 'greedy'\n  hint: they have 'accuracy',"
        + " 'transfer accuracy', 'reward'"
    }
  }

  @Test func `an arm that lacks a trial is given nothing`() throws {
    let runs = try finished([
      "mine": [(0.4, 0.6), (0.4, 0.4), (0.5, 0.6)], "plain": [(0.5, 0.5), (0.3, 0.3)],
    ])
    let study = try TuningStudy(grid, plan: plan, finished: runs, by: nil)
    #expect(study.chosen.mapValues(\.values) == ["mine": ["2e-4"]])
    #expect(study.missing.map(\.arm) == ["plain"])
    #expect(study.missing.map(\.done) == [4] && study.missing.map(\.planned) == [6])
    #expect(study.table.text.contains("\nplain  50.0   30.0       –\n"))
    let nothing = try TuningStudy(grid, plan: plan, finished: [], by: "whatever")
    #expect(nothing.chosen.isEmpty)
  }
}
