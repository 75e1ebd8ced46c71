import FulcrumKernel
import Yams

/// Sets key paths after the file was read.
extension ConfigurationTree {
  /// The option of the command line that sets keys.
  package static let setOption = "--set"

  /// Applies `a.b=c` or `list[1].b=c`; the value is read as YAML.
  ///
  /// - Parameter origin: the place of the assignment, for messages.
  package mutating func set(_ assignment: String, by origin: String = setOption)
    throws(FulcrumError)
  {
    guard let equals = assignment.firstIndex(of: "="), equals != assignment.startIndex else {
      throw FulcrumError(
        .usage, "expected key=value, got '\(assignment)'", at: Self.setOption,
        hint: "for instance --set rollout.prompts=8")
    }
    let path = String(assignment[..<equals])
    let text = String(assignment[assignment.index(after: equals)...])
    let place = "\(Self.setOption) \(path)"
    let names = path.split(separator: ".")
    if names.dropFirst().contains(where: { $0.allSatisfy(\.isNumber) }) {
      let right = names.reduce("") { whole, name in
        whole.isEmpty
          ? String(name) : whole + (name.allSatisfy(\.isNumber) ? "[\(name)]" : ".\(name)")
      }
      throw FulcrumError(
        .usage, "expected an element of a list in brackets, got a number as a key", at: place,
        hint: "write \(Self.setOption) '\(right)=\(text)'")
    }
    var value = Node.value(.text(""))
    do throws(FulcrumError) {
      if let node = try YAMLText.compose(text, file: place) {
        var ignored: [String: Int] = [:]
        value = try Self.convert(node, path: "", file: place, lines: &ignored)
      }
    } catch {
      throw FulcrumError(
        .usage, "\(error.message), in '\(text)'", at: place,
        hint: error.hint.map { "the value is YAML: \($0)" })
    }
    try set(path, to: value, by: origin)
  }

  /// Sets a key path to a text, and doesn't read the text as YAML.
  package mutating func set(_ path: String, toText text: String) throws(FulcrumError) {
    try set(path, to: .value(.text(text)), by: nil)
  }

  /// Returns what a key path holds.
  package func node(at path: String) -> Node? {
    var node = Node.section(root)
    for key in Self.keys(of: path) {
      switch (key, node) {
      case (.name(let name), .section(let entries)):
        guard let child = entries[name] else { return nil }
        node = child
      case (.index(let index), .list(let elements)) where elements.indices.contains(index):
        node = elements[index]
      case (.index(0), .section), (.index(0), .value): break
      default: return nil
      }
    }
    return node
  }

  /// Sets a key path to a value.
  package mutating func set(_ path: String, to value: Node, by origin: String?)
    throws(FulcrumError)
  {
    var top = Node.section(root)
    try Self.assign(value, to: Self.keys(of: path)[...], in: &top, path: path)
    if case .section(let entries) = top { root = entries }
    note(path, setBy: origin)
  }

  private enum Key {
    case name(String)
    case index(Int)
  }

  private static func keys(of path: String) -> [Key] {
    path.split(separator: ".").flatMap { part -> [Key] in
      let pieces = part.split(separator: "[").map(String.init)
      return pieces.enumerated().map { position, piece in
        if position > 0, piece.hasSuffix("]"), let index = Int(piece.dropLast()) {
          return .index(index)
        }
        return .name(piece)
      }
    }
  }

  private static func assign(
    _ value: Node, to keys: ArraySlice<Key>, in node: inout Node, path: String
  ) throws(FulcrumError) {
    guard let key = keys.first else {
      node = value
      return
    }
    let rest = keys.dropFirst()
    switch (key, node) {
    case (.name(let name), .section(var entries)):
      var child = entries[name] ?? .section([:])
      try assign(value, to: rest, in: &child, path: path)
      entries[name] = child
      node = .section(entries)
    case (.name, .value(.text(let use))) where !use.isEmpty:
      // `use` alone may stand for a component: `schedule: my-idea` and then schedule.share=0.4.
      node = .section(["use": node])
      try assign(value, to: keys, in: &node, path: path)
    case (.name, .value(.text(""))):
      node = .section([:])
      try assign(value, to: keys, in: &node, path: path)
    case (.name, .value(let single)):
      throw FulcrumError(
        .usage, "expected a key with keys within, got one with the value \(single)",
        at: "\(setOption) \(path)")
    case (.index(let index), .list(var elements)) where elements.indices.contains(index):
      try assign(value, to: rest, in: &elements[index], path: path)
      node = .list(elements)
    case (.index(0), .value), (.index(0), .section):
      // One component may stand for a list of one: `advantage: my-idea` and then advantage[0].scale=1.
      try assign(value, to: rest, in: &node, path: path)
    case (.index(let index), let other):
      let count = if case .list(let elements) = other { elements.count } else { 1 }
      throw FulcrumError(
        .usage,
        "there is no element \(index) to set: \(count == 1 ? "the only one is 0" : "there are \(count), from 0")",
        at: "\(setOption) \(path)", hint: "set the whole list: \(setOption) 'key=[a, b]'")
    case (.name(let name), .list):
      throw FulcrumError(
        .usage, "expected an element like [0] before '\(name)', because the key holds a list",
        at: "\(setOption) \(path)",
        hint: "for instance \(setOption) '\(path.prefix { $0 != "." })[0].\(name)=…'")
    }
  }
}
