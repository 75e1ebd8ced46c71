import FulcrumKernel
import PluginHost
import YAML

/// A section of a manifest, read strictly: each mistake names its key path.
struct ManifestSection {
  typealias Node = ConfigurationTree.Node

  let entries: [String: Node]
  /// The section's key path; empty: the top.
  let path: String

  init(_ entries: [String: Node], path: String) {
    self.entries = entries
    self.path = path
  }

  /// - Throws: `.configuration` if the node holds no keys.
  init(_ node: Node, path: String) throws(FulcrumError) {
    guard case .section(let entries) = node else {
      throw FulcrumError(.configuration, "expected keys with values", at: path)
    }
    self.init(entries, path: path)
  }

  /// - Throws: `.configuration` for a key that is none of these, with the near ones.
  func check(_ allowed: [String]) throws(FulcrumError) {
    for key in entries.keys.sorted() where !allowed.contains(key) {
      throw refuse(
        key, "unknown key '\(key)'", hint: NearNames.hint(for: key, among: allowed))
    }
  }

  func refuse(_ key: String, _ message: String, hint: String? = nil) -> FulcrumError {
    FulcrumError(.configuration, message, at: place(key), hint: hint)
  }

  func place(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  func required<Value>(_ key: String, _ value: Value?, _ what: String) throws(FulcrumError)
    -> Value
  {
    guard let value else { throw refuse(key, "expected \(what), got nothing") }
    return value
  }

  func text(_ key: String) throws(FulcrumError) -> String? {
    switch entries[key] {
    case nil: return nil
    case .value(.text(let text))?: return text
    case .value(let other)?:
      throw refuse(
        key, "expected a text, got \(other)", hint: "write it in quotes: \"\(other)\"")
    default: throw refuse(key, "expected a text, got a list or keys")
    }
  }

  func number(_ key: String) throws(FulcrumError) -> Double? {
    try entries[key].map { (node) throws(FulcrumError) in try Self.number(node, at: place(key)) }
  }

  func integer(_ key: String) throws(FulcrumError) -> Int? {
    switch entries[key] {
    case nil: return nil
    case .value(.integer(let value))?: return value
    case .value(let other)?: throw refuse(key, "expected a whole number, got \(other)")
    default: throw refuse(key, "expected a whole number, got a list or keys")
    }
  }

  func flag(_ key: String) throws(FulcrumError) -> Bool? {
    switch entries[key] {
    case nil: return nil
    case .value(.flag(let value))?: return value
    case .value(let other)?: throw refuse(key, "expected true or false, got \(other)")
    default: throw refuse(key, "expected true or false, got a list or keys")
    }
  }

  /// Returns one of a closed list of texts.
  func choice(_ key: String, of choices: [String]) throws(FulcrumError) -> String? {
    guard let text = try text(key) else { return nil }
    guard choices.contains(text) else {
      throw refuse(
        key, "expected one of \(choices.joined(separator: ", ")), got '\(text)'",
        hint: NearNames.of(text, among: choices).isEmpty
          ? nil : NearNames.hint(for: text, among: choices))
    }
    return text
  }

  func list(_ key: String) throws(FulcrumError) -> [Node]? {
    switch entries[key] {
    case nil: return nil
    case .list(let elements)?: return elements
    default: throw refuse(key, "expected a list", hint: "write it in brackets: [1, 2]")
    }
  }

  func numbers(_ key: String) throws(FulcrumError) -> [Double]? {
    guard let elements = try list(key) else { return nil }
    var numbers: [Double] = []
    for (index, element) in elements.enumerated() {
      numbers.append(try Self.number(element, at: "\(place(key))[\(index)]"))
    }
    return numbers
  }

  func integers(_ key: String) throws(FulcrumError) -> [Int]? {
    guard let elements = try list(key) else { return nil }
    var integers: [Int] = []
    for (index, element) in elements.enumerated() {
      guard case .value(.integer(let value)) = element else {
        throw FulcrumError(
          .configuration, "expected a whole number", at: "\(place(key))[\(index)]")
      }
      integers.append(value)
    }
    return integers
  }

  func texts(_ key: String) throws(FulcrumError) -> [String]? {
    guard let elements = try list(key) else { return nil }
    var texts: [String] = []
    for (index, element) in elements.enumerated() {
      guard case .value(.text(let text)) = element else {
        throw FulcrumError(
          .configuration, "expected a text, in quotes if it looks like a number",
          at: "\(place(key))[\(index)]")
      }
      texts.append(text)
    }
    return texts
  }

  private static func number(_ node: Node, at path: String) throws(FulcrumError) -> Double {
    switch node {
    case .value(.number(let value)): return value
    case .value(.integer(let value)): return Double(value)
    case .value(let other):
      throw FulcrumError(.configuration, "expected a finite number, got \(other)", at: path)
    default: throw FulcrumError(.configuration, "expected a finite number", at: path)
    }
  }
}
