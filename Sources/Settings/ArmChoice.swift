import FulcrumKernel
import YAML

/// Names a way to train beside the configured one, as configurations and the command line write it:
/// `NAME=key=value;key=value`.
package struct ArmChoice: Sendable, Equatable {
  package let name: String
  /// Assignments to keys of the configuration.
  package let overrides: [String]
  /// The place where the choice was made, for messages.
  private let place: String

  /// The keys that an arm may change: they say how it trains. Everything else is alike in all arms.
  package static let keys = ["advantage", "schedule", "objective", "update"]

  /// The option of the command line that names arms.
  package static let option = "--arm"
  /// The name of the configuration's own way to train, where it has no name.
  package static let configured = "as configured"

  package init(name: String, overrides: [String], place: String = ArmChoice.option) {
    self.name = name
    self.overrides = overrides
    self.place = "\(place) \(name)"
  }

  /// - Parameter place: for messages.
  /// - Throws: `.usage` for a text of another form, or a key that an arm can't change.
  package init(_ text: String, at place: String = ArmChoice.option) throws(FulcrumError) {
    guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
      throw FulcrumError(
        .usage, "expected NAME=key=value;key=value, got '\(text)'", at: place,
        hint: "for instance 'short=update.iterations=1;schedule=[]'")
    }
    name = String(text[..<equals])
    if let fault = Self.fault(ofName: name) { throw FulcrumError(.usage, fault, at: place) }
    self.place = "\(place) \(name)"
    overrides = text[text.index(after: equals)...].split(separator: ";").map(String.init)
    guard !overrides.isEmpty else {
      throw FulcrumError(
        .usage, "expected a key to change, got none for '\(name)'", at: place,
        hint: "the configuration as it is has an arm already")
    }
    let keys = overrides.map { $0.prefix { $0 != "=" } }
    if let twice = keys.indices.first(where: { keys[..<$0].contains(keys[$0]) }) {
      throw FulcrumError(
        .usage, "expected each key once, got '\(keys[twice])' twice", at: self.place,
        hint: "give the value that you want alone")
    }
    let foreign = overrides.map { String($0.prefix { !".[=".contains($0) }) }.filter {
      !Self.keys.contains($0)
    }
    guard foreign.isEmpty else {
      throw FulcrumError(
        .usage,
        "expected a key of \(Self.keys.joined(separator: ", ")), got"
          + " \(foreign.map { "'\($0)'" }.joined(separator: " and "))",
        at: self.place, hint: "arms differ in how they train; all else is alike")
    }
  }

  /// The most bytes of a name: with a value and a seed behind it a folder is named after it.
  private static let longestName = 120

  /// Returns what is wrong with an arm's name, which stands in tables and folders' names; `nil`: nothing.
  package static func fault(ofName name: String) -> String? {
    let isFit =
      name.contains { !$0.isWhitespace } && !name.hasPrefix(".")
      && name.utf8.count <= longestName
      && !name.unicodeScalars.contains { $0.properties.generalCategory == .control }
    return isFit
      ? nil
      : "expected an arm's name of one line, of at most \(longestName) bytes, that doesn't begin with a"
        + " dot, got '\(name.prefix(longestName))'"
  }

  /// Reads arms, in the order of their texts.
  ///
  /// - Parameter place: the place of a text, by its index.
  /// - Throws: every fault at once: those of each text; `.usage` for a name that another has.
  package static func all(_ texts: [String], at place: (Int) -> String = { _ in option })
    throws(FulcrumError) -> [ArmChoice]
  {
    let (arms, faults) = read(texts, at: place)
    if let error = ConfigurationFaults.joined(faults.map(\.fault)) { throw error }
    return arms
  }

  /// Returns the arms that can be read, and the faults of the others with their indices.
  static func read(_ texts: [String], at place: (Int) -> String)
    -> (arms: [ArmChoice], faults: [(index: Int, fault: FulcrumError)])
  {
    var arms: [ArmChoice] = []
    var faults: [(index: Int, fault: FulcrumError)] = []
    for (index, text) in texts.enumerated() {
      do throws(FulcrumError) {
        let arm = try ArmChoice(text, at: place(index))
        guard arm.name != configured, !arms.contains(where: { $0.name == arm.name }) else {
          throw FulcrumError(
            .usage, "expected a name that no other arm has, got '\(arm.name)'", at: place(index),
            hint: "reports tell arms apart by their names")
        }
        arms.append(arm)
      } catch {
        faults.append((index, error))
      }
    }
    return (arms, faults)
  }

  /// Returns the arm's own assignment to a key path, to a part of it or to what it is a part of; `nil`: the
  /// arm leaves it alone.
  package func override(of path: String) -> String? {
    overrides.first { override in
      let own = String(override.prefix { $0 != "=" })
      return Self.isWithin(own, path) || Self.isWithin(path, own)
    }
  }

  /// Tells whether a key path is another one or a part of it.
  package static func isWithin(_ one: String, _ other: String) -> Bool {
    one == other || one.hasPrefix(other + ".") || one.hasPrefix(other + "[")
  }

  /// Returns the error with the place where the arm was named.
  package func placed(_ error: FulcrumError) -> FulcrumError {
    error.location?.hasPrefix(place) == true ? error : error.within(place)
  }

  /// Returns the key path of the arm in a configuration that names it; of all arms, if it doesn't.
  package func path(in tree: ConfigurationTree) -> String {
    guard case .texts(let texts)? = tree.root["arms"]?.parameterValue,
      let index = texts.firstIndex(where: { $0.hasPrefix(name + "=") })
    else { return "arms" }
    return "arms[\(index)]"
  }

  /// Returns the error for an arm that trains as another way does.
  ///
  /// - Parameter other: the other way's name.
  package func same(as other: String) -> FulcrumError {
    FulcrumError(
      .usage, "expected a way to train that no other arm has, got that of '\(other)' again",
      at: place, hint: "change a value, or remove one of the two: they would be trained twice")
  }

  /// Returns the configuration with the arm's changes.
  package func applied(to tree: ConfigurationTree) throws(FulcrumError) -> ConfigurationTree {
    var tree = tree
    for override in overrides {
      do {
        try tree.set(override, by: place)
      } catch {
        throw placed(error)
      }
    }
    return tree
  }
}

extension RunConfiguration {
  /// The name of this way to train in reports.
  package var armName: String { general.arm ?? ArmChoice.configured }

  /// Returns the other ways to train that the configuration names, without one of its own name.
  ///
  /// - Throws: `.usage`, with file, line and key, for an arm of a wrong form.
  package func arms() throws(FulcrumError) -> [ArmChoice] {
    try ArmChoice.all(general.arms) { index in
      tree.placed(path: "arms[\(index)]")
    }.filter { $0.name != armName }
  }

  /// Returns the other ways to train that a configuration names and that can be read, and gathers the
  /// faults of the others.
  ///
  /// Those of an arm's own run are not read as its variants: they are the configuration's that it came
  /// from.
  package static func arms(in tree: ConfigurationTree, _ faults: inout ConfigurationFaults)
    -> [ArmChoice]
  {
    let texts: [String]
    switch tree.root["arms"]?.parameterValue {
    case .texts(let several)?: texts = several
    case .text(let one)? where !one.isEmpty: texts = [one]
    default: return []
    }
    let read = ArmChoice.read(texts) { tree.placed(path: "arms[\($0)]") }
    for (index, fault) in read.faults { faults.add(placed: fault, at: "arms[\(index)]") }
    guard case .value(.text(let own))? = tree.root["arm"] else { return read.arms }
    return read.arms.contains { $0.name == own } ? [] : read.arms
  }
}
