import Charts
import Foundation
import FulcrumKernel
import Microscope
import Runs
import Training
import YAML

/// A run's files, read for a report.
package struct RunRecord {
  /// A library that took part in a run.
  struct PluginUse: Equatable {
    let name: String
    let version: String
    let digest: String
  }

  let directory: RunDirectory
  let tree: ConfigurationTree
  /// Each metric's values by step.
  let metrics: [String: Curve]
  let stepCount: Int
  /// The numbers of the steps.
  let steps: [Int]
  /// The first and the last evaluation.
  let evaluations: [EvaluationRecord]
  /// All evaluations, in the order of their steps.
  let everyEvaluation: [EvaluationRecord]
  let plugins: [PluginUse]
  /// The record that `fulcrum microscope` wrote; `nil`: it was not run.
  let microscope: MicroscopeRecord?

  /// The name of the run's folder.
  package var name: String {
    let path = URL(fileURLWithPath: directory.path).standardizedFileURL.lastPathComponent
    return path.isEmpty ? directory.path : path
  }

  /// The number of the last step.
  var lastStep: Int { steps.max() ?? 0 }

  var seed: String { value(of: "seed") }

  /// The name of the run's way to train; empty: it has none.
  var arm: String { value(of: "arm") }

  private func value(of key: String) -> String {
    if case .value(let value)? = tree.root[key] { "\(value)" } else { "" }
  }

  /// - Throws: `.notFound` for a folder without a run or without steps; `.data` with file and line
  ///   for a line that can't be read.
  package init(_ path: String) throws(FulcrumError) {
    directory = try RunDirectory(opening: path)
    tree = try ConfigurationTree(file: directory.configuration)
    let rows = try JSONLinesFile.read(MetricsRecord.self, from: directory.metrics)
    guard !rows.isEmpty else {
      throw FulcrumError(
        .notFound, "expected at least one step, found none", at: directory.metrics,
        hint: "a report is of a run that has taken a step")
    }
    stepCount = rows.count
    steps = rows.map(\.step)
    var points: [String: [Chart.Point]] = [:]
    for row in rows {
      for (name, value) in row.metrics.entries where !value.isNaN {
        points[name, default: []].append(Chart.Point(x: Double(row.step), y: value))
      }
    }
    metrics = points.mapValues { Curve($0) }
    let evaluations = try JSONLinesFile.read(EvaluationRecord.self, from: directory.evaluations)
    everyEvaluation = evaluations.sorted { $0.step < $1.step }
    let ends = Set([evaluations.first?.step, evaluations.last?.step].compactMap(\.self)).sorted()
    self.evaluations = ends.compactMap { step in evaluations.first { $0.step == step } }
    plugins = Self.plugins(of: tree)
    microscope = try MicroscopeRecord(file: directory.path + "/" + MicroscopeRecord.fileName)
  }

  private static func plugins(of tree: ConfigurationTree) -> [PluginUse] {
    let values = KeyPaths.flat(.section(tree.root))
    return Provenance.plugins(of: tree).enumerated().map { index, plugin in
      PluginUse(
        name: plugin.name, version: values["provenance.plugins[\(index)].version"] ?? "",
        digest: plugin.digest)
    }
  }
}
