import Files
import Foundation
import FulcrumKernel
import Settings
import YAML

/// Finds the folder that a configuration's relative paths start from, and works there.
///
/// Paths on the command line start from the folder where the command was started, values of `--set`
/// among them; the others are the configuration's.
enum WorkingFolder {
  /// The folder in which the process was started.
  static let atStart = FileManager.default.currentDirectoryPath

  /// Reads a configuration, and makes the folder that it names the process's own.
  ///
  /// - Parameter overrides: assignments of the command line.
  static func enter(for file: String, overrides: [String] = []) throws(FulcrumError)
    -> ConfigurationTree
  {
    var tree = try read(file, overrides)
    let start = atStart
    let key = GeneralSettings.workingFolder
    // A value of another kind is told with all other faults.
    guard case .value(.text(let text))? = tree.root[key], !text.isEmpty else { return tree }
    let paths = overrides.map { String($0.prefix { $0 != "=" }) }
    let base = paths.contains(key) ? start : FileSystem.canonicalPath(FileSystem.folder(of: file))
    let named = FileSystem.absolutePath(text, from: base ?? start)
    guard let folder = FileSystem.canonicalPath(named), FileSystem.names(inFolder: folder) != nil
    else {
      throw tree.placed(
        FulcrumError(
          .notFound, "expected a folder, found none at \(named)", at: key,
          hint:
            "relative paths of the configuration start there; name it relative to this file's folder"
        ))
    }
    guard folder != FileSystem.canonicalPath(start) else { return tree }
    // Names the file as it can be found from there.
    tree = try read(FileSystem.absolutePath(file, from: start), overrides)
    for path in paths {
      guard let node = tree.node(at: path) else { continue }
      try tree.set(path, to: anchored(node, at: path), by: ConfigurationTree.setOption)
    }
    guard FileManager.default.changeCurrentDirectoryPath(folder) else {
      throw tree.placed(
        FulcrumError(
          .inputOutput, "can't work in \(folder)", at: key, hint: "check its permissions"))
    }
    return tree
  }

  private static func read(_ file: String, _ overrides: [String]) throws(FulcrumError)
    -> ConfigurationTree
  {
    var tree = try ConfigurationTree(file: file)
    for override in overrides { try tree.set(override) }
    return tree
  }

  /// Returns a path of the command line as it must be written in the folder where the process works now.
  static func path(_ path: String) -> String {
    FileManager.default.currentDirectoryPath == atStart
      ? path : FileSystem.absolutePath(path, from: atStart)
  }

  /// The keys whose values are paths, whether there is something at them or not.
  private static let pathKeys = [
    "output", "start", "plugin-path", "rollout.replay", "microscope.words",
  ]

  /// Makes the paths in a value absolute. Which texts of a component are paths only it knows: here those
  /// are at which there is something.
  private static func anchored(_ node: ConfigurationTree.Node, at path: String)
    -> ConfigurationTree.Node
  {
    switch node {
    case .value(.text(let text)):
      guard !text.isEmpty, path != GeneralSettings.workingFolder else { return node }
      // A component's name is no path, although a folder may have it.
      let isName =
        path.hasSuffix(".use")
        || ComponentKey.allCases.contains { key in
          path.prefix { $0 != "[" } == key.rawValue && !path.contains(".")
        }
      let whole = FileSystem.absolutePath(text, from: atStart)
      let isPath =
        isName ? text.hasPrefix(".") : pathKeys.contains(path) || FileSystem.exists(whole)
      return .value(.text(isPath ? whole : text))
    case .value: return node
    case .list(let elements):
      let isPath = pathKeys.contains(path)
      return .list(
        elements.enumerated().map { anchored($1, at: isPath ? path : "\(path)[\($0)]") })
    case .section(let entries):
      return .section(
        Dictionary(
          uniqueKeysWithValues: entries.map {
            ($0.key, anchored($0.value, at: "\(path).\($0.key)"))
          }))
    }
  }
}
