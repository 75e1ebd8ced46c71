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

  package internal(set) var root: [String: Node]
  /// The file's path, for messages.
  package let file: String
  /// The line of each key path that the file holds, from 1.
  private var lines: [String: Int] = [:]
  /// The place of each key path that was set after the file was read.
  private var origins: [String: String] = [:]

  package init(file: String) throws(FulcrumError) {
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: file, isDirectory: &isFolder), isFolder.boolValue {
      throw FulcrumError(
        .usage, "expected a configuration file, got a folder", at: file,
        hint: "a run's configuration is its run.yaml; 'fulcrum resume' takes the folder")
    }
    let text = try YAMLText.read(
      file,
      missing: FulcrumError(
        .notFound, "no readable configuration file here", at: file,
        hint: "name a YAML file, for instance one of Documentation/Recipes"))
    try self.init(text: text, file: file)
    guard !root.isEmpty else {
      throw FulcrumError(
        .configuration, "expected keys with values, got an empty file", at: file,
        hint: "Documentation/Recipes has configurations to begin with")
    }
  }

  package init(text: String, file: String) throws(FulcrumError) {
    self.file = file
    let node = try YAMLText.compose(text, file: file)
    var lines: [String: Int] = [:]
    let converted = try node.map { (n) throws(FulcrumError) in
      try Self.convert(n, path: "", file: file, lines: &lines)
    }
    switch converted {
    case nil, .value(.text("")): root = [:]
    case .section(let entries)?: root = entries
    case .some(let other):
      throw Self.expectedKeys(got: other, at: "\(file):\(node?.mark?.line ?? 1)")
    }
    self.lines = lines
  }

  /// Returns the error for a value that stands where a section's keys should.
  package static func expectedKeys(got node: Node, at place: String) -> FulcrumError {
    let got =
      switch node {
      case .value(.text("")): "nothing"
      case .value(let value): "the single value \(value)"
      case .list: "a list"
      case .section: "keys"
      }
    if case .value(.text(let text)) = node, let missing = MissingColon(text) {
      return FulcrumError(
        .configuration, "expected keys with values, got '\(missing.text)'", at: place,
        hint: missing.remedy)
    }
    return FulcrumError(
      .configuration, "expected keys with values, got \(got)", at: place,
      hint: "write each key on a line of its own, indented below it: 'key: value'")
  }

  /// Returns the error for a section's key that has something else than keys.
  package func expectedKeys(got node: Node, under key: String, such example: String)
    -> FulcrumError
  {
    guard origin(of: key) == Self.setOption else {
      let key =
        if case .value(.text(let text)) = node, let missing = MissingColon(text) {
          "\(key).\(missing.key)"
        } else { key }
      return Self.expectedKeys(got: node, at: key)
    }
    var error = Self.expectedKeys(got: node, at: key)
    error.hint = "name a key within it: \(Self.setOption) \(key).\(example)=…"
    return error
  }

  /// Returns the error with the place of the key path that it names: where it was set, or the file and
  /// the line where the file has it.
  package func placed(_ error: FulcrumError) -> FulcrumError {
    guard let location = error.location else { return error.within(file) }
    let path = Self.keyPath(in: location)
    if let origin = origin(of: path) {
      guard origin == Self.setOption else { return error.within(origin) }
      return FulcrumError(
        error.code, error.message, at: "\(origin) \(location)", hint: error.hint)
    }
    return error.within(line(of: path).map { "\(file):\($0)" } ?? file)
  }

  /// Returns a key path with its file, and its line where the file has it.
  package func placed(path: String) -> String {
    file + (line(of: path).map { ":\($0)" } ?? "") + ": \(path)"
  }

  /// Returns the line of a key path, or of the nearest one around it that the file has.
  ///
  /// - Parameter path: may have more behind a colon, as an error's location has.
  package func line(of path: String) -> Int? {
    Self.around(Self.keyPath(in: path)).lazy.compactMap { self.lines[$0] }.first
  }

  /// Returns the place where a key path was set, or one around it, or one within it that made it; `nil`: the
  /// file has it, or neither.
  private func origin(of path: String) -> String? {
    if lines[path] == nil,
      let inner = origins.keys.filter({ $0.hasPrefix(path + ".") || $0.hasPrefix(path + "[") })
        .min()
    {
      return origins[inner]
    }
    for path in Self.around(path) {
      if let origin = origins[path] { return origin }
      if lines[path] != nil { return nil }
    }
    return nil
  }

  /// Notes where a key path was set. What the file says of it and beneath it holds no longer.
  mutating func note(_ path: String, setBy origin: String?) {
    let isWithin = { (other: String) in
      other == path || other.hasPrefix(path + ".") || other.hasPrefix(path + "[")
    }
    lines = lines.filter { !isWithin($0.key) }
    origins = origins.filter { !isWithin($0.key) }
    origins[path] = origin
  }

  /// Returns the key path that an error's location begins with.
  private static func keyPath(in location: String) -> String {
    location.range(of: ": ").map { String(location[..<$0.lowerBound]) } ?? location
  }

  /// Returns a key path and those around it, from within.
  private static func around(_ path: String) -> [String] {
    var paths: [String] = []
    var rest = Substring(path)
    while !rest.isEmpty {
      paths.append(String(rest))
      guard let cut = rest.lastIndex(where: { $0 == "." || $0 == "[" }) else { break }
      rest = rest[..<cut]
    }
    return paths
  }

  static func convert(
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
          throw FulcrumError(
            .configuration, "expected a text as key, got a list or a section",
            at: "\(file):\(key.mark?.line ?? 1)", hint: "write 'key: value'")
        }
        let childPath = path.isEmpty ? name : "\(path).\(name)"
        entries[name] = try convert(element, path: childPath, file: file, lines: &lines)
        if let text = element.scalar?.string, let missing = MissingColon(text) {
          lines["\(childPath).\(missing.key)"] = element.mark?.line
        }
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
    return value(ofPlain: text)
  }

  /// Whether a text would be a number if it stood without quotes.
  package static func isNumber(_ text: String) -> Bool {
    switch value(ofPlain: text) {
    case .integer, .number: true
    default: false
    }
  }

  private static func value(ofPlain text: String) -> ParameterValue {
    switch text {
    case "true", "True", "TRUE": return .flag(true)
    case "false", "False", "FALSE": return .flag(false)
    case "", "~", "null": return .text("")
    default: break
    }
    let digits = text.replacingOccurrences(of: "_", with: "")
    if let integer = Int(digits) { return .integer(integer) }
    // Hexadecimal numbers are texts: Swift would read them.
    if !digits.contains(where: { "xXpP".contains($0) }), let number = Double(digits),
      number.isFinite
    {
      return .number(number)
    }
    return .text(text)
  }
}

extension ConfigurationTree.Node {
  package var isSection: Bool { if case .section = self { true } else { false } }

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
