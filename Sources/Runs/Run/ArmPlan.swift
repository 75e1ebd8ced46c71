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
    /// The arm's own configuration, with seed and output.
    package let configuration: RunConfiguration
    /// The run's directory: `OUTPUT/ARM-seed-N`.
    package let output: String

    /// Tells whether the run was trained and evaluated to its end before.
    package func isDone() throws(FulcrumError) -> Bool {
      guard let directory = try? RunDirectory(opening: output) else { return false }
      let steps = configuration.general.steps
      let items = configuration.evaluation.items
      return FileManager.default.fileExists(atPath: directory.checkpoint(step: steps))
        && (items == 0 || Evaluation.read(step: steps, from: directory) != nil)
    }
  }

  package let runs: [Run]
  /// The runs arm by arm, each arm with its seeds.
  package var runsByArm: [[Run]] {
    runs.filter { $0.seed == runs[0].seed }.map { first in runs.filter { $0.arm == first.arm } }
  }
  /// The folder with all runs: the configuration's own output.
  package let folder: String

  /// - Parameters:
  ///   - arms: the arms beside the configuration's own way; `nil`: those that it names.
  ///   - seeds: the number of seeds: the configuration's, and those after it.
  /// - Throws: `.usage` for arms whose folders would have one name; `.configuration` for a
  ///   configuration that an arm makes wrong.
  package init(_ tree: ConfigurationTree, arms: [ArmChoice]? = nil, seeds: Int)
    throws(FulcrumError)
  {
    let base = try RunConfiguration(tree: tree)
    let own = base.armName
    let first = Int(base.general.seed)
    let others = if let arms { arms } else { try base.arms() }
    folder = base.general.output
    var ways: [(name: String, tree: ConfigurationTree)] = [(own, tree)]
    for arm in others { ways.append((arm.name, try arm.applied(to: tree))) }
    let names = ways.map { Self.folderName($0.name) }
    for (index, name) in names.enumerated() where names.firstIndex(of: name) != index {
      throw FulcrumError(
        .usage, "expected arms with folders of different names, got '\(name)' twice",
        at: "arm \(ways[index].name)",
        hint: "names may differ in letters, digits, '.', '_', '+' and '-'")
    }
    var runs: [Run] = []
    for seed in first..<first + max(1, seeds) {
      for (way, name) in zip(ways, names) {
        var tree = way.tree
        let output = "\(folder)/\(name)-seed-\(seed)"
        try tree.set("seed=\(seed)")
        try tree.set("output", toText: output)
        try tree.set("arm", toText: way.name)
        runs.append(
          Run(
            arm: way.name, seed: seed, configuration: try RunConfiguration(tree: tree),
            output: output))
      }
    }
    self.runs = runs
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
