import FulcrumKernel
import Runs
import Settings
import Testing
import YAML

@Suite struct TuningPlanTests {
  private func plan(_ text: String, seeds: Int = 1) throws -> ArmPlan {
    try ArmPlan(try ConfigurationTree(text: text, file: "t.yaml"), seeds: seeds)
  }

  private func expect(
    _ sentence: String, of body: () throws -> Void, _ location: SourceLocation = #_sourceLocation
  ) {
    #expect(sourceLocation: location) {
      try body()
    } throws: { error in
      "\(error)" == sentence
    }
  }

  @Test func `every arm is tried with every value on seeds of its own`() throws {
    let plan = try plan("seed: 5\noutput: runs/a\narms: [plain x=schedule=single]", seeds: 3)
    let grid = try TuningGrid(["update.learning-rate=1e-4,2e-4", "update.iterations=1,2"])
    let trials = try plan.trials(grid, seeds: 2)
    let values = ["1e-4-1", "1e-4-2", "2e-4-1", "2e-4-2"]
    let names = ["as-configured", "plain-x"].flatMap { arm in values.map { "\(arm)-\($0)" } }
    #expect(
      trials.map(\.output)
        == [1005, 1006].flatMap { seed in names.map { "runs/a/tuning/\($0)-seed-\(seed)" } })
    #expect(
      trials.prefix(5).map(\.arm) == [String](repeating: "as configured", count: 4) + ["plain x"])
    for trial in trials {
      #expect(trial.configuration.general.output == trial.output)
      #expect(trial.configuration.general.seed == trial.seed)
      #expect(trial.configuration.general.arm == trial.arm)
    }
    #expect(trials[2].configuration.update.learningRate.peak == 2e-4)
    #expect(trials[3].configuration.update.iterations == 2)
    #expect(try trials[4].configuration.choice(.schedule).use == "single")
  }

  @Test func `an arm's runs have its chosen values, and an arm without any has no runs`() throws {
    let plan = try plan("seed: 5\noutput: runs/a\narms: [plain=schedule=single]", seeds: 2)
    let grid = try TuningGrid(["update.learning-rate=1e-4,2e-4"])
    let runs = try plan.runs(grid, chosen: ["plain": grid.points[1]])
    #expect(runs.map(\.output) == ["runs/a/plain-seed-5", "runs/a/plain-seed-6"])
    #expect(runs.map(\.configuration.update.learningRate.peak) == [2e-4, 2e-4])
    #expect(runs.allSatisfy { $0.trial == nil })
  }

  @Test func `values have an order, and edges where they are numbers`() throws {
    let grid = try TuningGrid(["update.learning-rate=4e-4,1e-4,2e-4", "schedule=a,b"])
    func point(_ values: String...) throws -> TuningGrid.Point {
      try #require(grid.points.first { $0.values == values })
    }
    #expect(grid.points.count == 6)
    #expect(grid.isBefore(try point("1e-4", "b"), try point("2e-4", "a")))
    #expect(grid.isBefore(try point("2e-4", "a"), try point("2e-4", "b")))
    #expect(!grid.isBefore(try point("4e-4", "a"), try point("1e-4", "a")))
    #expect(grid.edges(try point("2e-4", "a")) == [])
    #expect(grid.edges(try point("4e-4", "a")) == ["update.learning-rate"])
    #expect(grid.edges(try point("1e-4", "b")) == ["update.learning-rate"])
    #expect(
      grid.assignments(try point("1e-4", "b")) == ["update.learning-rate=1e-4", "schedule=b"])
    let lists = try TuningGrid(["advantage=[a, b],{use: c, alpha: 1}"])
    #expect(lists.axes[0].values == ["[a, b]", "{use: c, alpha: 1}"])
  }

  @Test func `wrong grids are refused`() throws {
    func refused(_ texts: String..., by sentence: String) {
      expect(sentence) { _ = try TuningGrid(texts) }
    }
    refused(
      "x",
      by: "--tune: expected KEY=VALUE,VALUE, got 'x'\n  hint: for instance --tune"
        + " update.learning-rate=1e-4,2e-4,4e-4")
    refused(
      "rollout.samples=1,2",
      by: "--tune rollout.samples: expected a key of advantage, schedule, objective, update, got"
        + " 'rollout.samples'\n  hint: arms differ in how they train, and are tuned in that; all else is"
        + " alike")
    refused(
      "update.learning-rate=1e-4",
      by:
        "--tune update.learning-rate: expected two values or more, separated by commas, got '1e-4'"
        + "\n  hint: one value needs no tuning: --set update.learning-rate=1e-4")
    refused(
      "update.learning-rate=1e-4,1e-4",
      by: "--tune update.learning-rate: a value is given twice\n  hint: give each value once")
    refused(
      "update.iterations=1,2", "update.iterations=3,4",
      by:
        "--tune update.iterations: the key is given twice\n  hint: give all of its values at once:"
        + " --tune update.iterations=A,B,C")
  }

  @Test func `an arm that sets the key itself is refused`() throws {
    let grid = try TuningGrid(["update.learning-rate=1e-4,2e-4"])
    for override in ["update.learning-rate=3e-4", "update={learning-rate: 3e-4}"] {
      let plan = try plan("arms: ['x=\(override)']")
      expect(
        "arm x: expected arms that leave update.learning-rate alone, got '\(override)'\n  hint: tuning"
          + " gives each arm its value: take this one away, or don't tune the key"
      ) { _ = try plan.trials(grid, seeds: 1) }
    }
    // A neighbour of the key is none.
    _ = try plan("arms: ['x=update.iterations=2']").trials(grid, seeds: 1)
  }
}
