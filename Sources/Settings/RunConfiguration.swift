import FulcrumKernel
import YAML

/// Holds a checked configuration, with every default filled in.
///
/// Sections are typed, and checked by their schemas. Choices name components. Their parameters are
/// checked by the components' manuals, when the components are made.
package struct RunConfiguration: Sendable {
  package let tree: ConfigurationTree
  package let general: GeneralSettings
  package let chat: ChatSettings
  package let rollout: RolloutSettings
  package let update: UpdateSettings
  package let reference: ReferenceSettings
  package let evaluation: EvaluationSettings
  package let checkpoint: CheckpointSettings
  package let logging: LoggingSettings
  package let warmStart: WarmStartSettings
  package let microscope: MicroscopeSettings
  /// Every value with its key, section by section in the order of the manual; the keys at the top
  /// come first, under an empty name.
  package let resolved: [(section: String, values: Parameters)]

  /// The sections in the order of the manual.
  static let sections: [any SettingsSection.Type] = [
    GeneralSettings.self, ChatSettings.self, RolloutSettings.self, UpdateSettings.self,
    ReferenceSettings.self, EvaluationSettings.self, CheckpointSettings.self, LoggingSettings.self,
    WarmStartSettings.self, MicroscopeSettings.self,
  ]

  /// The key of what a run writes beside its configuration.
  private static let provenance = "provenance"

  /// - Throws: every fault of the keys that are not a component's own, as one error.
  package init(tree: ConfigurationTree) throws(FulcrumError) {
    self.tree = tree
    try Self.faults(of: tree).check()
    do throws(FulcrumError) {
      var resolved: [(section: String, values: Parameters)] = []
      func read<Section: SettingsSection>(_ type: Section.Type) throws(FulcrumError) -> Section {
        let values = try Parameters(
          try Self.values(of: type, in: tree), for: type.schema, at: type.key)
        resolved.append((type.key, values))
        return try Section(values)
      }
      general = try read(GeneralSettings.self)
      chat = try read(ChatSettings.self)
      rollout = try read(RolloutSettings.self)
      update = try read(UpdateSettings.self)
      reference = try read(ReferenceSettings.self)
      evaluation = try read(EvaluationSettings.self)
      checkpoint = try read(CheckpointSettings.self)
      logging = try read(LoggingSettings.self)
      warmStart = try read(WarmStartSettings.self)
      microscope = try read(MicroscopeSettings.self)
      try evaluation.check(beside: rollout)
      self.resolved = resolved
    } catch {
      throw tree.placed(error)
    }
  }

  /// Gathers the faults of all keys that are not a component's own.
  package static func faults(of tree: ConfigurationTree) -> ConfigurationFaults {
    var faults = ConfigurationFaults(tree)
    let known =
      GeneralSettings.schema.map(\.name) + sections.map { $0.key }.filter { !$0.isEmpty }
      + ComponentKey.allCases.map(\.rawValue)
    for name in tree.root.keys.sorted() where !known.contains(name) && name != provenance {
      for path in leaves(of: tree.root[name], at: name) {
        faults.add(
          FulcrumError(
            .configuration, "unknown key '\(path)'", at: path,
            hint: UnknownKey.hint(for: path, at: "", among: known)))
      }
    }
    for section in sections {
      guard
        let values = faults.gather({ () throws(FulcrumError) in
          try values(of: section, in: tree)
        })
      else { continue }
      faults.add(Parameters.faults(of: values, for: section.schema, at: section.key))
    }
    return faults
  }

  /// Returns the key paths of an unknown key: those within it that are another program's, or the key
  /// itself.
  private static func leaves(of node: ConfigurationTree.Node?, at path: String) -> [String] {
    guard case .section(let entries)? = node else { return [path] }
    let foreign = entries.sorted { $0.key < $1.key }.flatMap {
      leaves(of: $0.value, at: "\(path).\($0.key)")
    }.filter { ForeignNames.remedy(for: $0) != nil }
    return foreign.isEmpty ? [path] : foreign
  }

  /// Returns the component under a key that must be there.
  package func choice(_ key: ComponentKey) throws(FulcrumError) -> ComponentChoice {
    let choices = try choices(key)
    guard let only = choices.first else { throw tree.placed(key.missing) }
    guard choices.count == 1 else { throw tree.placed(key.several(choices.count)) }
    return only
  }

  /// Returns the components under a key: none, one, or a list.
  package func choices(_ key: ComponentKey) throws(FulcrumError) -> [ComponentChoice] {
    var faults = ConfigurationFaults(tree)
    let choices = Self.choices(key, in: tree, &faults)
    try faults.check()
    return choices
  }

  /// Returns the components under a key that have a name, and gathers the faults of the others.
  package static func choices(
    _ key: ComponentKey, in tree: ConfigurationTree, _ faults: inout ConfigurationFaults
  ) -> [ComponentChoice] {
    guard let node = tree.root[key.rawValue] else { return [] }
    guard case .list(let elements) = node else {
      let choice = faults.gather { () throws(FulcrumError) in
        try ComponentChoice(node, of: key, at: key.rawValue)
      }
      return choice.map { [$0] } ?? []
    }
    return elements.enumerated().compactMap { index, element in
      faults.gather { () throws(FulcrumError) in
        try ComponentChoice(element, of: key, at: "\(key.rawValue)[\(index)]")
      }
    }
  }

  private static func values(of section: any SettingsSection.Type, in tree: ConfigurationTree)
    throws(FulcrumError) -> [String: ParameterValue]
  {
    let key = section.key
    var entries: [String: ConfigurationTree.Node] = [:]
    if key.isEmpty {
      let names = Set(section.schema.map(\.name))
      entries = tree.root.filter { names.contains($0.key) }
    } else if let node = tree.root[key] {
      guard case .section(let found) = node else {
        throw tree.expectedKeys(got: node, under: key, such: section.schema.first?.name ?? "KEY")
      }
      entries = found
    }
    return try entries.values(at: key)
  }
}
