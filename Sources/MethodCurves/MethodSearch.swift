import FulcrumKernel
import PluginHost

/// Finds methods among the plugins on a search path.
package struct MethodSearch {
  private let host: PluginHost
  /// Names of plugins or of components, or paths of libraries; none: every plugin that is installed.
  private let names: [String]
  /// What the request gives, by component and parameter.
  private let settings: [String: [String: ParameterValue]]
  /// Components that are shown with other settings, too, each after itself.
  private let variants: [MethodVariant]
  /// The plugins that aren't to be loaded.
  private let without: Set<String>

  package init(
    _ host: PluginHost, names: [String], settings: [String: [String: ParameterValue]],
    variants: [MethodVariant] = [], without: [String]
  ) {
    (self.host, self.names, self.settings, self.variants) = (host, names, settings, variants)
    self.without = Set(without)
  }

  /// Loads plugins and returns their methods, those that change advantages first.
  ///
  /// - Parameter tell: gets what is being loaded, and what can't be.
  /// - Throws: `.notFound` for a name that there isn't, with the near ones; `.usage` for a setting
  ///   that no component takes.
  func candidates(_ tell: (MethodMessage) -> Void) throws(FulcrumError) -> [Method.Candidate] {
    let listings = host.installed().filter { $0.shadowedBy == nil }
    // The others needn't be loaded.
    let areNamed =
      !names.isEmpty
      && names.allSatisfy { name in name.contains("/") || listings.contains { $0.name == name } }
    let wanted =
      areNamed
      ? names : listings.filter { !$0.kinds.isDisjoint(with: MethodTrial.kinds) }.map(\.name)
    var plugins: [LoadedPlugin] = []
    var refused: Set<String> = []
    for name in wanted {
      do throws(FulcrumError) {
        guard !without.contains(name) else {
          refused.insert(name)
          continue
        }
        tell(.loading(name))
        let plugin = try host.load(name)
        if !plugins.contains(where: { $0.name == plugin.name }) { plugins.append(plugin) }
      } catch {
        if areNamed, error.code != .pluginRefused { throw error }
        refused.insert(name)
        // Who asks for some isn't told of others.
        if names.isEmpty || names.contains(name) { tell(.refused(name, Method.Failure(error))) }
      }
    }
    let all = plugins.flatMap { plugin in
      plugin.components.filter { MethodTrial.kinds.contains($0.kind) }.map { (plugin, $0) }
    }
    try checkNames(plugins, all.map(\.1), refused)
    let shown = all.filter { plugin, component in
      areNamed || names.isEmpty || names.contains(component.manual.name)
        || names.contains(plugin.name)
    }
    try MethodSettings(
      settings, variants, of: shown.map(\.1),
      others: Set(all.map(\.1.manual.name) + listings.map(\.name))
    ).check()
    let candidates = shown.sorted {
      (rank(of: $0.1), $0.1.manual.name) < (rank(of: $1.1), $1.1.manual.name)
    }.flatMap { plugin, component in
      ([nil] + variants.filter { $0.isOf(component) }).map { variant in
        Method.Candidate(
          component, plugin: plugin.name, version: plugin.version, settings: settings,
          variant: variant)
      }
    }
    return zip(candidates, Method.identified(candidates.map(\.method))).map { $0.identified($1) }
  }

  private func rank(of component: HostComponent) -> Int {
    MethodTrial.kinds.firstIndex(of: component.kind) ?? MethodTrial.kinds.count
  }

  private func checkNames(
    _ plugins: [LoadedPlugin], _ components: [HostComponent], _ refused: Set<String>
  ) throws(FulcrumError) {
    let methods = Set(components.map(\.manual.name))
    for name in names where !methods.contains(name) && !refused.contains(name) {
      guard let plugin = plugins.first(where: { $0.name == name || name.contains("/") }) else {
        throw FulcrumError(
          .notFound, "no method '\(name)' among the plugins",
          hint: NearNames.hint(for: name, among: Array(methods)))
      }
      guard plugin.components.contains(where: { MethodTrial.kinds.contains($0.kind) }) else {
        throw FulcrumError(
          .notFound, "plugin '\(plugin.name)' has no advantage transform, objective or schedule",
          hint: "'fulcrum plugin info \(plugin.name)' prints what it has")
      }
    }
  }
}
