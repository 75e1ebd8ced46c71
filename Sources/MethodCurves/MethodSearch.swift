import FulcrumKernel
import PluginHost

/// Finds methods among the plugins on a search path, and tries each.
package struct MethodSearch {
  private let host: PluginHost
  /// What the request gives, by component and parameter.
  private let settings: [String: [String: ParameterValue]]

  package init(_ host: PluginHost, settings: [String: [String: ParameterValue]] = [:]) {
    (self.host, self.settings) = (host, settings)
  }

  /// Holds what was found.
  package struct Findings {
    /// By kind, those that change advantages first, and by name.
    package var methods: [Method] = []
    /// The plugins that can't be loaded, each with the error.
    package var refused: [(name: String, error: FulcrumError)] = []

    /// Whether everything could be loaded and called.
    package var isSound: Bool { refused.isEmpty && methods.allSatisfy { $0.error == nil } }
  }

  /// Tries the components of some names, or all.
  ///
  /// - Parameter names: of plugins or of components, or paths of libraries; none: every plugin that is
  ///   installed.
  /// - Throws: `.notFound` for a name that there isn't, with the near ones; `.usage` for a setting
  ///   that no component takes.
  package func methods(_ names: [String]) throws(FulcrumError) -> Findings {
    var findings = Findings()
    var plugins: [LoadedPlugin] = []
    let listings = host.installed().filter { $0.shadowedBy == nil }
    let isNamed =
      !names.isEmpty
      && names.allSatisfy { name in
        name.contains("/") || listings.contains { $0.name == name }
      }
    if isNamed {
      // The others needn't be loaded.
      for name in names {
        do throws(FulcrumError) {
          let plugin = try host.load(name)
          guard plugin.components.contains(where: { MethodTrial.kinds.contains($0.kind) }) else {
            throw FulcrumError(
              .notFound,
              "plugin '\(plugin.name)' has no advantage transform, objective or schedule",
              hint: "'fulcrum plugin info \(plugin.name)' prints what it has")
          }
          if !plugins.contains(where: { $0.name == plugin.name }) { plugins.append(plugin) }
        } catch  where error.code == .pluginRefused {
          findings.refused.append((name, error))
        }
      }
    } else {
      for listing in listings where !listing.kinds.isDisjoint(with: MethodTrial.kinds) {
        do throws(FulcrumError) {
          plugins.append(try host.load(listing))
        } catch {
          findings.refused.append((listing.name, error))
        }
      }
    }
    let all = plugins.flatMap { plugin in
      plugin.components.filter { MethodTrial.kinds.contains($0.kind) }.map { (plugin, $0) }
    }
    try checkNames(isNamed ? [] : names, all, findings.refused.map(\.name))
    try checkSettings(all.map(\.1))
    let chosen = all.filter { plugin, component in
      isNamed || names.isEmpty || names.contains(component.manual.name)
        || names.contains(plugin.name)
    }
    findings.methods = chosen.map { Method($1, of: $0, settings: settings) }
      .sorted { ($0.rank, $0.manual.name) < ($1.rank, $1.manual.name) }
    // Who asks for some isn't told of others.
    if !names.isEmpty { findings.refused.removeAll { !names.contains($0.name) } }
    return findings
  }

  private func checkNames(
    _ names: [String], _ all: [(LoadedPlugin, HostComponent)], _ refused: [String]
  ) throws(FulcrumError) {
    let known = Set(all.map(\.1.manual.name)).union(all.map(\.0.name)).union(refused)
    for name in names where !known.contains(name) {
      throw FulcrumError(
        .notFound, "no method '\(name)' among the plugins",
        hint: NearNames.hint(for: name, among: Array(known)))
    }
  }

  private func checkSettings(_ components: [HostComponent]) throws(FulcrumError) {
    for (component, values) in settings.sorted(by: { $0.key < $1.key }) {
      let namesakes = components.filter { $0.manual.name == component }
      guard !namesakes.isEmpty else {
        throw FulcrumError(
          .usage, "no method '\(component)' among the plugins", at: "--set \(component)",
          hint: NearNames.hint(
            for: component, among: Array(Set(components.map(\.manual.name)))))
      }
      let known = Set(namesakes.flatMap { $0.manual.parameters.map(\.name) })
      for name in values.keys.sorted() where !known.contains(name) {
        throw FulcrumError(
          .usage, "unknown parameter '\(name)'", at: "--set \(component).\(name)",
          hint: NearNames.hint(for: name, among: Array(known)))
      }
    }
  }
}

extension Method {
  fileprivate var rank: Int { MethodTrial.kinds.firstIndex(of: kind) ?? MethodTrial.kinds.count }
}
