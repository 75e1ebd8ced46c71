import Foundation
import FulcrumKernel
import Yams

/// Holds a configuration as it was written: YAML with the line of every key, and overrides.
package struct ConfigurationTree: Sendable {
  package indirect enum Node: Sendable, Equatable {
    case value(ParameterValue)
    case list([Node])
    case section([String: Node])
  }

  package private(set) var root: [String: Node]
  /// The file's path, for messages.
  package let file: String
  /// The line of each key path that the file holds, from 1.
  private var lines: [String: Int] = [:]

  package init(file: String) throws(FulcrumError) {
    let text = try YAMLText.read(
      file,
      missing: FulcrumError(
        .notFound, "no readable configuration file here", at: file,
        hint: "name a YAML file, for instance one of Documentation/Recipes"))
    try self.init(text: text, file: file)
  }

  package init(text: String, file: String) throws(FulcrumError) {
    self.file = file
    let node = try YAMLText.compose(text, file: file)
    var lines: [String: Int] = [:]
    let converted = try node.map { (n) throws(FulcrumError) in
      try Self.convert(n, path: "", file: file, lines: &lines)
    }
    switch converted {
    case nil: root = [:]
    case .section(let entries)?: root = entries
    default:
      throw FulcrumError(
        .configuration, "expected keys with values, got a list or a single value", at: file)
    }
    self.lines = lines
  }

  /// Applies `a.b=c` or `list[1].b=c`; the value is read as YAML.
  package mutating func set(_ assignment: String) throws(FulcrumError) {
    guard let equals = assignment.firstIndex(of: "="), equals != assignment.startIndex else {
      throw FulcrumError(
        .usage, "expected key=value, got '\(assignment)'", at: "--set",
        hint: "for instance --set rollout.prompts=8")
    }
    let path = String(assignment[..<equals])
    let text = String(assignment[assignment.index(after: equals)...])
    let value: Node
    do {
      var ignored: [String: Int] = [:]
      value =
        try Yams.compose(yaml: text).map { (n) throws(FulcrumError) in
          try Self.convert(n, path: path, file: "--set", lines: &ignored)
        } ?? .value(.text(""))
    } catch let error as FulcrumError {
      throw error
    } catch {
      throw FulcrumError(.usage, "'\(text)' is not valid YAML: \(error)", at: "--set \(path)")
    }
    try set(path, to: value)
  }

  /// Sets a key path to a text, and doesn't read the text as YAML.
  package mutating func set(_ path: String, toText text: String) throws(FulcrumError) {
    try set(path, to: .value(.text(text)))
  }

  private mutating func set(_ path: String, to value: Node) throws(FulcrumError) {
    var top = Node.section(root)
    try Self.assign(value, to: Self.keys(of: path)[...], in: &top, path: path)
    if case .section(let entries) = top { root = entries }
    lines[path] = nil
  }

  /// Returns the error with the file and line of the key path that it names, where the file has it.
  package func placed(_ error: FulcrumError) -> FulcrumError {
    guard let location = error.location else { return error.within(file) }
    return error.within(line(of: location).map { "\(file):\($0)" } ?? file)
  }

  /// Returns a key path with its file, and its line where the file has it.
  package func placed(path: String) -> String {
    file + (line(of: path).map { ":\($0)" } ?? "") + ": \(path)"
  }

  /// Returns the line of a key path, or of the nearest one around it that the file has.
  package func line(of path: String) -> Int? {
    var path = path
    while !path.isEmpty {
      if let line = lines[path] { return line }
      guard let cut = path.lastIndex(where: { $0 == "." || $0 == "[" }) else { return nil }
      path = String(path[..<cut])
    }
    return nil
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
    switch (key, node) {
    case (.name(let name), .section(var entries)):
      var child = entries[name] ?? .section([:])
      if case .value = child, keys.count > 1 {
        // `use` alone may stand for a component: `schedule: my-idea` and then schedule.share=0.4.
        child = .section(["use": child])
      }
      try assign(value, to: keys.dropFirst(), in: &child, path: path)
      entries[name] = child
      node = .section(entries)
    case (.index(let index), .list(var elements)) where elements.indices.contains(index):
      try assign(value, to: keys.dropFirst(), in: &elements[index], path: path)
      node = .list(elements)
    case (.index(let index), _):
      throw FulcrumError(
        .usage, "there is no element \(index) to set", at: "--set \(path)",
        hint: "the configuration's list must have it already")
    case (.name(let name), .list):
      throw FulcrumError(
        .usage, "expected an element like [0] before '\(name)', because the key holds a list",
        at: "--set \(path)")
    case (.name, .value):
      throw FulcrumError(.usage, "a single value has no keys within", at: "--set \(path)")
    }
  }

  private static func convert(
    _ node: Yams.Node, path: String, file: String, lines: inout [String: Int]
  ) throws(FulcrumError) -> Node {
    if let mark = node.mark, !path.isEmpty { lines[path] = mark.line }
    switch node {
    case .scalar(let scalar):
      return .value(value(of: scalar))
    case .sequence(let sequence):
      var elements: [Node] = []
      for (index, element) in sequence.enumerated() {
        elements.append(
          try convert(element, path: "\(path)[\(index)]", file: file, lines: &lines))
      }
      return .list(elements)
    case .mapping(let mapping):
      var entries: [String: Node] = [:]
      for (key, element) in mapping {
        guard let name = key.string else {
          throw FulcrumError(.configuration, "expected a text as key", at: "\(file): \(path)")
        }
        let childPath = path.isEmpty ? name : "\(path).\(name)"
        entries[name] = try convert(element, path: childPath, file: file, lines: &lines)
        if let mark = key.mark { lines[childPath] = mark.line }
      }
      return .section(entries)
    case .alias:
      throw FulcrumError(
        .configuration, "YAML aliases are not supported", at: "\(file): \(path)",
        hint: "write the value out")
    }
  }

  /// Reads plain scalars as numbers or flags where they look so; quoted ones are texts.
  private static func value(of scalar: Yams.Node.Scalar) -> ParameterValue {
    let text = scalar.string
    guard scalar.style == .plain || scalar.style == .any else { return .text(text) }
    switch text {
    case "true", "True", "TRUE": return .flag(true)
    case "false", "False", "FALSE": return .flag(false)
    case "", "~", "null": return .text("")
    default: break
    }
    let digits = text.replacingOccurrences(of: "_", with: "")
    if let integer = Int(digits) { return .integer(integer) }
    if let number = Double(digits), number.isFinite { return .number(number) }
    return .text(text)
  }
}

extension ConfigurationTree.Node {
  /// The node as a parameter's value: a scalar, or a list of scalars of one kind.
  package var parameterValue: ParameterValue? {
    switch self {
    case .value(let value): return value
    case .section: return nil
    case .list(let elements):
      var integers: [Int] = []
      var numbers: [Double] = []
      var texts: [String] = []
      for case .value(let value) in elements {
        switch value {
        case .integer(let integer):
          integers.append(integer)
          numbers.append(Double(integer))
        case .number(let number): numbers.append(number)
        default: break
        }
        if case .text(let text) = value { texts.append(text) } else { texts.append("\(value)") }
      }
      guard texts.count == elements.count else { return nil }
      if elements.isEmpty { return .texts([]) }
      if integers.count == elements.count { return .integers(integers) }
      return numbers.count == elements.count ? .numbers(numbers) : .texts(texts)
    }
  }
}
