import Foundation
import FulcrumKernel
import PluginHost
import Settings
import YAML

/// Lists the runs of all arms of a configuration over seeds, for a comparison.
///
/// Arms of one seed get the same prompts and begin with the same draws, so that differences can be
/// taken seed by seed. All arms of a seed come before those of the next.
package struct ArmPlan {
  package struct Run {
    package let arm: String
    package let seed: Int
    /// The values that the arm is tried with; `nil`: the run is no trial.
    package let trial: TuningGrid.Point?
    /// The arm's own configuration, with seed and output.
    package let configuration: RunConfiguration
    /// The run's directory: `OUTPUT/ARM-seed-N`; a trial's is `OUTPUT/tuning/ARM-VALUE-seed-N`.
    package let output: String

    /// Whether the run has a directory.
    package var isBegun: Bool { (try? RunDirectory(opening: output)) != nil }

    /// Tells whether the run was trained and evaluated to its end before.
    package func isDone() throws(FulcrumError) -> Bool {
      guard let directory = try? RunDirectory(opening: output) else { return false }
      let steps = configuration.general.steps
      let items = configuration.evaluation.items
      return FileManager.default.fileExists(atPath: directory.checkpoint(step: steps))
        && (items == 0 || Evaluation.read(step: steps, from: directory) != nil)
    }
  }

  /// A way to train.
  private struct Way {
    let name: String
    let tree: ConfigurationTree
    /// Its part of folders' names.
    let folder: String
    /// How it was given; `nil`: it is the configuration's own.
    let choice: ArmChoice?
  }

  package let runs: [Run]
  /// The runs arm by arm, each arm with its seeds.
  package var runsByArm: [[Run]] { Self.byArm(runs) }
  /// The folder with all runs: the configuration's own output.
  package let folder: String
  private let ways: [Way]
  private let firstSeed: Int

  /// The names of the arms, the configuration's first.
  package var names: [String] { ways.map(\.name) }

  /// - Parameters:
  ///   - arms: the arms beside the configuration's own way; `nil`: those that it names.
  ///   - seeds: the number of seeds: the configuration's, and those after it.
  /// - Throws: `.usage` for arms whose folders would have one name; `.configuration` for a
  ///   configuration that an arm makes wrong.
  package init(_ tree: ConfigurationTree, arms: [ArmChoice]? = nil, seeds: Int)
    throws(FulcrumError)
  {
    let base = try RunConfiguration(tree: tree)
    let others = if let arms { arms } else { try base.arms() }
    let own = base.armName
    var ways = [Way(name: own, tree: tree, folder: Self.folderName(own), choice: nil)]
    for arm in others {
      ways.append(
        Way(
          name: arm.name, tree: try arm.applied(to: tree), folder: Self.folderName(arm.name),
          choice: arm))
    }
    let names = ways.map(\.folder)
    for (index, name) in names.enumerated() where names.firstIndex(of: name) != index {
      throw FulcrumError(
        .usage, "expected arms with folders of different names, got '\(name)' twice",
        at: "arm \(ways[index].name)",
        hint: "names may differ in letters, digits, '.', '_', '+' and '-'")
    }
    self.ways = ways
    folder = base.general.output
    firstSeed = Int(base.general.seed)
    let last = firstSeed + max(1, seeds)
    var runs: [Run] = []
    for seed in firstSeed..<last {
      for way in ways { runs.append(try Self.run(way, seed: seed, in: folder)) }
    }
    self.runs = runs
  }

  private static func run(
    _ way: Way, seed: Int, trial: TuningGrid.Point? = nil, assignments: [String] = [],
    in folder: String
  ) throws(FulcrumError) -> Run {
    var tree = way.tree
    for assignment in assignments { try tree.set(assignment, by: TuningGrid.option) }
    let name = way.folder + (trial.map { "-" + folderName($0.name) } ?? "")
    let output = "\(folder)/\(name)-seed-\(seed)"
    try tree.set("seed=\(seed)")
    try tree.set("output", toText: output)
    try tree.set("arm", toText: way.name)
    return Run(
      arm: way.name, seed: seed, trial: trial, configuration: try RunConfiguration(tree: tree),
      output: output)
  }

  package static func byArm(_ runs: [Run]) -> [[Run]] {
    var order: [String] = []
    for run in runs where !order.contains(run.arm) { order.append(run.arm) }
    return order.map { arm in runs.filter { $0.arm == arm } }
  }

  /// Returns a folder's name for an arm. Characters that a shell or a path would take for something
  /// else become hyphens.
  private static func folderName(_ name: String) -> String {
    var text = ""
    for scalar in name.unicodeScalars {
      let isPlain =
        scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
        || [".", "_", "+", "-"].contains(scalar)
      if isPlain {
        text.unicodeScalars.append(scalar)
      } else if text.last != "-" {
        text.append("-")
      }
    }
    return text.replacing("-+-", with: "+")
  }
}

extension ArmPlan {
  /// The number by which the first seed of trials lies beyond the plan's own: what is compared is not what
  /// was tuned on.
  package static let trialSeeds = 1000

  /// The folder with all trials.
  package var trialFolder: String { folder + "/tuning" }

  /// Returns a run of each arm with each value of a grid, over seeds of their own.
  ///
  /// - Throws: `.usage` for an arm that sets a key of the grid itself, and for values whose folders would have
  ///   one name; `.configuration` for a value that makes a configuration wrong.
  package func trials(_ grid: TuningGrid, seeds: Int) throws(FulcrumError) -> [Run] {
    for axis in grid.axes {
      for way in ways {
        guard let override = way.choice?.override(of: axis.key) else { continue }
        throw FulcrumError(
          .usage, "expected arms that leave \(axis.key) alone, got '\(override)'",
          at: "arm \(way.name)",
          hint: "tuning gives each arm its value: take this one away, or don't tune the key")
      }
    }
    var runs: [Run] = []
    for seed in firstSeed + Self.trialSeeds..<firstSeed + Self.trialSeeds + max(1, seeds) {
      for way in ways {
        for point in grid.points {
          runs.append(
            try Self.run(
              way, seed: seed, trial: point, assignments: grid.assignments(point),
              in: trialFolder))
        }
      }
    }
    let outputs = runs.map(\.output)
    for (index, output) in outputs.enumerated() where outputs.firstIndex(of: output) != index {
      throw FulcrumError(
        .usage, "expected trials with folders of different names, got \(output) twice",
        at: TuningGrid.option,
        hint: "values and arms' names may differ in letters, digits, '.', '_', '+'")
    }
    return runs
  }

  /// Returns the plan's own runs, each with the values that its arm was given.
  ///
  /// - Parameter chosen: a point of the grid for each arm that has one; the runs of others are left out.
  package func runs(_ grid: TuningGrid, chosen: [String: TuningGrid.Point]) throws(FulcrumError)
    -> [Run]
  {
    var tuned: [Run] = []
    for run in runs {
      guard let point = chosen[run.arm], let way = ways.first(where: { $0.name == run.arm }) else {
        continue
      }
      tuned.append(
        try Self.run(way, seed: run.seed, assignments: grid.assignments(point), in: folder))
    }
    return tuned
  }
}
