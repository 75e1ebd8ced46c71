import Charts
import Foundation
import FulcrumKernel
import PluginHost
import Trainer

/// What a run left behind, read for a report.
package struct RunRecord {
  package struct PluginUse: Equatable {
    package let name: String
    package let version: String
    package let digest: String
  }

  package let directory: RunDirectory
  package let tree: ConfigurationTree
  /// Each metric's values by step.
  package let metrics: [String: Curve]
  package let stepCount: Int
  /// Held-out accuracy, with the step after which it was measured; the first and the last.
  package let evaluations: [(step: Int, evaluation: Evaluation)]
  package let plugins: [PluginUse]
  /// What `fulcrum microscope` wrote, if it was run.
  package let microscope: MicroscopeRecord?

  /// The folder's own name.
  package var name: String {
    let path = URL(fileURLWithPath: directory.path).standardizedFileURL.lastPathComponent
    return path.isEmpty ? directory.path : path
  }

  package var seed: String { value(of: "seed") }

  /// What the run's way to train was called; empty: nothing.
  package var arm: String { value(of: "arm") }

  private func value(of key: String) -> String {
    if case .value(let value)? = tree.root[key] { "\(value)" } else { "" }
  }

  /// - Throws: `.notFound` for a folder without a run or without steps; `.data` with file and line
  ///   for a line that can't be read.
  package init(_ path: String) throws(FulcrumError) {
    directory = try RunDirectory(opening: path)
    tree = try ConfigurationTree(file: directory.configuration)
    let rows = try JSONLinesFile.read([String: Double?].self, from: directory.metrics)
    var points: [String: [Chart.Point]] = [:]
    for row in rows {
      guard case .some(.some(let step)) = row["step"] else { continue }
      for (name, value) in row where name != "step" {
        if let value { points[name, default: []].append(Chart.Point(x: step, y: value)) }
      }
    }
    guard !rows.isEmpty else {
      throw FulcrumError(
        .notFound, "expected at least one step, found none", at: directory.metrics,
        hint: "a report is of a run that has taken a step")
    }
    stepCount = rows.count
    metrics = points.mapValues { Curve($0) }
    let steps = try JSONLinesFile.read(Stepped.self, from: directory.evaluations).map(\.step)
    var evaluations: [(step: Int, evaluation: Evaluation)] = []
    for step in Set([steps.first, steps.last].compactMap(\.self)).sorted() {
      if let evaluation = Evaluation.read(step: step, from: directory) {
        evaluations.append((step, evaluation))
      }
    }
    self.evaluations = evaluations
    plugins = Self.plugins(of: tree)
    microscope = try MicroscopeRecord(file: directory.path + "/microscope.json")
  }

  private struct Stepped: Decodable { let step: Int }

  private static func plugins(of tree: ConfigurationTree) -> [PluginUse] {
    let values = KeyPaths.flat(.section(tree.root))
    return Provenance.plugins(of: tree).enumerated().map { index, plugin in
      PluginUse(
        name: plugin.name, version: values["provenance.plugins[\(index)].version"] ?? "",
        digest: plugin.digest)
    }
  }
}

/// A file of JSON objects, one a line.
enum JSONLinesFile {
  /// - Returns: nothing where there is no file. An unfinished last line is left out: the run may be
  ///   writing it.
  static func read<Row: Decodable>(_ type: Row.Type, from path: String) throws(FulcrumError)
    -> [Row]
  {
    guard let data = FileManager.default.contents(atPath: path) else { return [] }
    var lines = data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    // After the last line break there is nothing, or a line that isn't finished.
    lines.removeLast()
    var rows: [Row] = []
    let decoder = JSONDecoder()
    for (index, line) in lines.enumerated() where !line.isEmpty {
      do {
        rows.append(try decoder.decode(type, from: line))
      } catch {
        throw FulcrumError(
          .data, "expected a JSON object as 'fulcrum train' writes it, got something else",
          at: "\(path):\(index + 1)", hint: "the file is damaged; remove the line")
      }
    }
    return rows
  }
}

/// Configurations as lists of key paths.
package enum KeyPaths {
  /// Each leaf's key path and value as text.
  package static func flat(_ node: ConfigurationTree.Node, path: String = "") -> [String: String] {
    switch node {
    case .value(let value): return [path: "\(value)"]
    case .list(let elements):
      // A list of plain values is one value.
      if let value = node.parameterValue { return [path: "\(value)"] }
      return elements.enumerated().reduce(into: [:]) { result, element in
        result.merge(flat(element.element, path: "\(path)[\(element.offset)]")) { $1 }
      }
    case .section(let entries):
      return entries.reduce(into: [:]) { result, entry in
        let child = path.isEmpty ? entry.key : path + "." + entry.key
        result.merge(flat(entry.value, path: child)) { $1 }
      }
    }
  }

  /// What makes a run what it is: neither its seed, nor where and with what it was run, nor what it is
  /// called, nor how it is looked at afterwards.
  package static func method(of tree: ConfigurationTree) -> [String: String] {
    flat(.section(tree.root)).filter { path, _ in
      let top = path.prefix { $0 != "." && $0 != "[" }
      return ![
        "seed", "output", "threads", "provenance", "arm", "arms", "microscope",
      ].contains(String(top))
    }
  }
}
