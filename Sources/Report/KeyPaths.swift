import YAML

/// Lists configurations as key paths with values.
package enum KeyPaths {
  /// Returns each leaf's key path and its value as text.
  static func flat(_ node: ConfigurationTree.Node, path: String = "") -> [String: String] {
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

  /// Returns the settings that decide how a run trains: not its seed, nor where and with what it is run,
  /// nor its name, nor how it is looked at afterwards.
  package static func method(of tree: ConfigurationTree) -> [String: String] {
    flat(.section(tree.root)).filter { path, _ in
      let top = path.prefix { $0 != "." && $0 != "[" }
      return ![
        "seed", "output", "threads", "provenance", "arm", "arms", "microscope", "working-folder",
      ].contains(String(top))
    }
  }

  /// Returns a short name for what an arm can change of a method. Methods that are equal in it have the same
  /// one, whatever else a later version adds to configurations.
  package static func fingerprint(of method: [String: String]) -> String {
    let own = method.filter { path, _ in
      ["advantage", "schedule", "objective", "update"].contains(
        String(path.prefix { $0 != "." && $0 != "[" }))
    }
    // FNV-1a, 64 bits: it keeps some dozens of methods apart, and nobody has a reason to forge one.
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for (path, value) in own.sorted(by: { $0.key < $1.key }) {
      for byte in "\(path)=\(value)\n".utf8 {
        hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
      }
    }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// Returns the key paths whose values are not the same in all, in order.
  package static func differing(_ configurations: [[String: String]]) -> [String] {
    Set(configurations.flatMap(\.keys)).filter { path in
      Set(configurations.map { $0[path] }).count > 1
    }.sorted()
  }
}
