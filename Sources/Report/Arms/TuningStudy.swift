import FulcrumKernel
import JSON
import Runs
import Training

/// Finds the values that an arm did best with, and shows how much they matter.
package struct TuningStudy: Sendable {
  /// The runs of an arm with one value of each key.
  struct Trial: Sendable {
    let point: TuningGrid.Point
    /// The measure's numbers, a seed each.
    let values: [Double]
    /// The number of seeds that there are to be.
    let planned: Int
    var isComplete: Bool { values.count == planned }
    var mean: Double { Statistics.mean(values) }
  }

  /// An arm's trials.
  struct Arm: Sendable {
    let name: String
    let trials: [Trial]
    /// The best of them; `nil`: some are missing.
    let best: TuningGrid.Point?
  }

  private let grid: TuningGrid
  /// What the best is the best by; `nil`: no trial is done yet.
  private let measure: ArmMeasure?
  private let arms: [Arm]

  /// - Parameters:
  ///   - plan: all trials.
  ///   - finished: the numbers of those that are done.
  ///   - name: the measure's name; `nil`: the evaluation's first one, or else the reward.
  /// - Throws: `.usage` for a measure that these runs don't have.
  package init(
    _ grid: TuningGrid, plan: [ArmPlan.Run], finished: [(run: ArmPlan.Run, summary: RunSummary)],
    by name: String?
  ) throws(FulcrumError) {
    self.grid = grid
    let measures = ArmMeasure.evaluated(finished.map(\.summary)) + [.reward]
    let measure = name.map { name in measures.first { $0.name == name } } ?? measures.first
    if let name, !finished.isEmpty {
      try ArmMeasure.check(name, of: "--tune-by", among: measures.map(\.name))
    }
    self.measure = finished.isEmpty ? nil : measure
    arms = ArmPlan.byArm(plan).map { runs in
      let trials = grid.points.map { point in
        let own = runs.filter { $0.trial == point }
        let values = own.compactMap { run in
          finished.first { $0.run.output == run.output }.flatMap { measure?.value(of: $0.summary) }
        }
        return Trial(point: point, values: values, planned: own.count)
      }
      return Arm(
        name: runs[0].arm, trials: trials,
        best: trials.allSatisfy(\.isComplete) ? Self.best(of: trials, in: grid) : nil)
    }
  }

  /// Returns the point of the largest mean; of equal ones the smallest values.
  private static func best(of trials: [Trial], in grid: TuningGrid) -> TuningGrid.Point? {
    // Equal means of other addends differ in their last bits.
    func size(_ trial: Trial) -> Double { (trial.mean * 1e9).rounded() }
    return trials.min { one, other in
      size(one) == size(other) ? grid.isBefore(one.point, other.point) : size(one) > size(other)
    }?.point
  }

  /// The point of each arm all of whose trials are done.
  package var chosen: [String: TuningGrid.Point] {
    arms.reduce(into: [:]) { chosen, arm in chosen[arm.name] = arm.best }
  }

  /// The names of the arms that lack trials, each with how many of how many are done.
  package var missing: [(arm: String, done: Int, planned: Int)] {
    arms.filter { $0.best == nil }.map { arm in
      (
        arm.name, arm.trials.reduce(0) { $0 + $1.values.count },
        arm.trials.reduce(0) { $0 + $1.planned }
      )
    }
  }

  /// Says, for each key, which arms do best at an edge of what was tried.
  package var warnings: [String] {
    grid.axes.enumerated().compactMap { index, axis in
      let arms = arms.compactMap { arm -> String? in
        guard let best = arm.best, grid.edges(best).contains(axis.key) else { return nil }
        return "\(arm.name) (\(best.values[index]))"
      }
      guard !arms.isEmpty else { return nil }
      return "At the edge of what was tried for \(axis.key), others may be better: "
        + arms.joined(separator: ", ") + "."
    }
  }

  /// How much the values matter, with an arm a row. An asterisk is at what each arm was given.
  package var table: ComparisonTable {
    let keys = grid.axes.map(\.key).joined(separator: ", ")
    let title = measure.map { $0.name + ($0.isShare ? ", %" : "") } ?? "–"
    let seeds = arms.first?.trials.first?.planned ?? 0
    return ComparisonTable(
      caption:
        "Tuning of \(keys): \(title), means over \(Counted.text(seeds, "seed")) of their own",
      head: ["arm"] + grid.points.map { $0.values.joined(separator: ", ") },
      rows: arms.map { arm in
        [arm.name]
          + arm.trials.map { trial in
            guard let measure, !trial.values.isEmpty else { return "–" }
            let part = trial.isComplete ? "" : " (\(trial.values.count) of \(trial.planned))"
            return measure.text(trial.mean) + part + (arm.best == trial.point ? "*" : " ")
          }
      }, note: (["*: the arm is compared with this value."] + warnings).joined(separator: "\n"))
  }

  /// The same as data.
  package var data: JSONLine {
    JSONLine([
      ("keys", .list(grid.axes.map { .text($0.key) })),
      ("measure", .text(measure?.name ?? "")),
      (
        "arms",
        .list(
          arms.map { arm in
            .object(
              JSONLine([
                ("arm", .text(arm.name)),
                ("chosen", arm.best.map { .list($0.values.map { .text($0) }) } ?? .number(.nan)),
                ("edges", .list((arm.best.map { grid.edges($0) } ?? []).map { .text($0) })),
                (
                  "trials",
                  .list(
                    arm.trials.map { trial in
                      .object(
                        JSONLine([
                          ("values", .list(trial.point.values.map { .text($0) })),
                          ("mean", .number(trial.values.isEmpty ? .nan : trial.mean)),
                          ("seeds", .list(trial.values.map { .number($0) })),
                        ]))
                    })
                ),
              ]))
          })
      ),
    ])
  }
}
