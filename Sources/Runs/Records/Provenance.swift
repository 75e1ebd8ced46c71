import Files
import Foundation
import FulcrumKernel
import PluginHost
import Settings
import Training
import YAML
import Yams

/// Writes what a run was made of: the resolved configuration as YAML that `train` reads again, with
/// the versions and digests of all that took part.
package enum Provenance {
  /// The key of what a run writes beside its configuration.
  static let key = "provenance"

  /// - Parameters:
  ///   - resolved: for each choice's key path, its component's parameters with defaults.
  ///   - references: for each choice's key path, what names its component wherever it is read again; the
  ///     configuration's own words where there is none.
  ///   - data: the files of data that the components read.
  ///   - directory: the folder where the text will lie; `nil`: none yet.
  package static func yaml(
    _ configuration: RunConfiguration, resolved: [String: Parameters],
    references: [String: String] = [:], host: PluginHost,
    data: [DataFile] = [], in directory: String? = nil
  ) throws(FulcrumError) -> String {
    var pairs: [(Node, Node)] = []
    for (section, values) in configuration.resolved where section.isEmpty {
      pairs += mapping(values).map { pair in
        pair.0.string == GeneralSettings.workingFolder
          ? (pair.0, node(.text(workingFolder(from: directory)))) : pair
      }
    }
    for key in ComponentKey.allCases {
      let choices = try configuration.choices(key)
      guard !choices.isEmpty else { continue }
      let nodes = choices.map {
        node($0, of: key, as: references[$0.path] ?? $0.use, resolved: resolved[$0.path])
      }
      pairs.append((Node(key.rawValue), nodes.count == 1 ? nodes[0] : Node(nodes)))
    }
    for (section, values) in configuration.resolved where !section.isEmpty {
      pairs.append((Node(section), Node(mapping(values))))
    }
    let threads = configuration.general.threads
    pairs.append((Node(key), provenance(host: host, threads: threads, data: data)))
    do {
      return try Yams.serialize(node: Node(pairs))
    } catch {
      throw FulcrumError(.inputOutput, "could not write the configuration as YAML: \(error)")
    }
  }

  /// Returns the plugins that a run began with, by name, and their digests; none if it doesn't list
  /// them.
  package static func plugins(of tree: ConfigurationTree) -> [(name: String, digest: String)] {
    guard case .section(let entries)? = tree.root[key],
      case .list(let plugins)? = entries["plugins"]
    else { return [] }
    return plugins.compactMap { plugin in
      guard case .section(let plugin) = plugin, case .value(.text(let name))? = plugin["name"],
        case .value(let digest)? = plugin["sha256"]
      else { return nil }
      return (name, "\(digest)")
    }
  }

  /// Returns the folder that the run's relative paths start from, so that it can be resumed in any:
  /// seen from the run's directory if that lies within it, for then both can move together.
  private static func workingFolder(from directory: String?) -> String {
    let folder = FileManager.default.currentDirectoryPath
    guard let place = directory.flatMap(FileSystem.canonicalPath),
      let outer = FileSystem.canonicalPath(folder), place.hasPrefix(outer + "/")
    else { return folder }
    let depth = place.dropFirst(outer.count).count { $0 == "/" }
    return Array(repeating: "..", count: depth).joined(separator: "/")
  }

  private static func provenance(host: PluginHost, threads: Int, data: [DataFile]) -> Node {
    let plugins = host.loaded.map { plugin in
      Node([
        (Node("name"), Node(plugin.name)), (Node("version"), Node(plugin.version)),
        (Node("path"), Node(plugin.path)), (Node("sha256"), Node(plugin.digest)),
      ])
    }
    return Node([
      (Node("fulcrum"), Node(FulcrumVersion.text)),
      (
        Node("kernel-interface"),
        Node("\(KernelInterface.major).\(KernelInterface.minor)", Tag(.str), .doubleQuoted)
      ),
      (Node("compiler"), Node(KernelInterface.compiler)),
      (Node("threads"), Node("\(threads)")),
      (Node("plugins"), Node(plugins)),
      (Node(DataFile.key), Node(data.map(\.node))),
    ])
  }

  private static func mapping(_ values: Parameters) -> [(Node, Node)] {
    values.resolved.map { name, value in
      // A key that took one number before it took a list is written as it was.
      if case .numbers(let numbers) = value, numbers.count == 1 {
        return (Node(name), node(.number(numbers[0])))
      }
      return (Node(name), node(value))
    }
  }

  private static func node(
    _ choice: ComponentChoice, of key: ComponentKey, as reference: String, resolved: Parameters?
  ) -> Node {
    var pairs = [(Node("use"), node(.text(reference)))]
    if let digest = choice.digest { pairs.append((Node("sha256"), node(.text(digest)))) }
    if choice.weight != 1 { pairs.append((Node("weight"), node(.number(choice.weight)))) }
    if let label = choice.label {
      pairs.append((Node(ComponentChoice.labelKey), node(.text(label))))
    }
    if key.kind == .task {
      pairs.append((Node(OverlongRule.key), node(.text(choice.overlong.rawValue))))
    }
    for (name, value) in resolved?.resolved ?? [] { pairs.append((Node(name), node(value))) }
    return Node(pairs)
  }

  /// Returns a parameter's value as YAML. Texts are quoted, so that one that looks like a number
  /// stays a text.
  private static func node(_ value: ParameterValue) -> Node {
    switch value {
    case .text(let text): Node(text, Tag(.str), .doubleQuoted)
    case .texts(let texts): Node(texts.map { Node($0, Tag(.str), .doubleQuoted) })
    case .integers(let integers): Node(integers.map { Node("\($0)") })
    case .numbers(let numbers): Node(numbers.map { Node("\($0)") })
    case .number, .integer, .flag: Node("\(value)")
    @unknown default: Node("\(value)", Tag(.str), .doubleQuoted)
    }
  }
}

/// Holds Fulcrum's own version.
package enum FulcrumVersion {
  package static let text = "0.6.0"
}
