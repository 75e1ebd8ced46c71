import FulcrumKernel
import YAML

/// Holds a checked configuration, with every default filled in.
///
/// Sections are typed, and checked by their schemas. Choices name components. Their parameters are
/// checked by the components' manuals, when the components are made.
package struct RunConfiguration: Sendable {
  package let tree: ConfigurationTree
  package let general: GeneralSettings
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
    GeneralSettings.self, RolloutSettings.self, UpdateSettings.self, ReferenceSettings.self,
    EvaluationSettings.self, CheckpointSettings.self, LoggingSettings.self, WarmStartSettings.self,
    MicroscopeSettings.self,
  ]

  /// The key of what a run writes beside its configuration.
  private static let provenance = "provenance"

  package init(tree: ConfigurationTree) throws(FulcrumError) {
    self.tree = tree
    do throws(FulcrumError) {
      let top = GeneralSettings.schema.map(\.name)
      let known =
        top + Self.sections.map { $0.key }.filter { !$0.isEmpty }
        + ComponentKey.allCases.map(\.rawValue)
      for name in tree.root.keys.sorted() where !known.contains(name) && name != Self.provenance {
        throw FulcrumError(
          .configuration, "unknown key '\(name)'", at: name,
          hint: NearNames.hint(for: name, among: known))
      }
      var resolved: [(section: String, values: Parameters)] = []
      func read<Section: SettingsSection>(_ type: Section.Type) throws(FulcrumError) -> Section {
        let values = try Self.values(of: type, in: tree)
        resolved.append((type.key, values))
        return try Section(values)
      }
      general = try read(GeneralSettings.self)
      rollout = try read(RolloutSettings.self)
      update = try read(UpdateSettings.self)
      reference = try read(ReferenceSettings.self)
      evaluation = try read(EvaluationSettings.self)
      checkpoint = try read(CheckpointSettings.self)
      logging = try read(LoggingSettings.self)
      warmStart = try read(WarmStartSettings.self)
      microscope = try read(MicroscopeSettings.self)
      self.resolved = resolved
    } catch {
      throw tree.placed(error)
    }
  }

  /// Returns the component under a key that must be there.
  package func choice(_ key: ComponentKey) throws(FulcrumError) -> ComponentChoice {
    let choices = try choices(key)
    guard let only = choices.first else { throw tree.placed(key.missing) }
    guard choices.count == 1 else {
      throw tree.placed(
        FulcrumError(
          .configuration, "expected one component, got \(choices.count)", at: key.rawValue,
          hint: key.remedy))
    }
    return only
  }

  /// Returns the components under a key: none, one, or a list.
  package func choices(_ key: ComponentKey) throws(FulcrumError) -> [ComponentChoice] {
    guard let node = tree.root[key.rawValue] else { return [] }
    do throws(FulcrumError) {
      guard case .list(let elements) = node else {
        return [try ComponentChoice(node, of: key, at: key.rawValue)]
      }
      var result: [ComponentChoice] = []
      for (index, element) in elements.enumerated() {
        result.append(try ComponentChoice(element, of: key, at: "\(key.rawValue)[\(index)]"))
      }
      return result
    } catch {
      throw tree.placed(error)
    }
  }

  private static func values(of section: any SettingsSection.Type, in tree: ConfigurationTree)
    throws(FulcrumError) -> Parameters
  {
    let key = section.key
    var entries: [String: ConfigurationTree.Node] = [:]
    if key.isEmpty {
      let names = Set(section.schema.map(\.name))
      entries = tree.root.filter { names.contains($0.key) }
    } else if let node = tree.root[key] {
      guard case .section(let found) = node else {
        throw FulcrumError(
          .configuration, "expected keys with values, got a list or a single value", at: key)
      }
      entries = found
    }
    return try Parameters(try entries.values(at: key), for: section.schema, at: key)
  }
}
