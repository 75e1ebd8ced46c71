import FulcrumKernel

/// A component that a configuration names, with the plugin that has it.
package struct FoundComponent: Sendable {
  package let plugin: LoadedPlugin
  package let component: HostComponent
  /// The reference that names it without a search: `plugin/component`, if a search found it, or else the
  /// configuration's own.
  package let reference: String
}

extension PluginHost {
  /// Returns the component that a configuration names, from a plugin that is loaded for it if need
  /// be.
  ///
  /// A name alone is that of a library and its namesake component. If there is no such library, or it has no
  /// such component, the name is looked for in all libraries on the search path.
  ///
  /// - Parameter reference: see `ComponentReference`.
  /// - Throws: what `load` throws; `.notFound` if no plugin has such a component; `.usage` if
  ///   the reference leaves several to choose from.
  package func find(
    _ kind: HostComponent.Kind, _ reference: String, pinnedDigest: String? = nil
  ) throws(FulcrumError) -> FoundComponent {
    let parsed = try ComponentReference(reference, formats)
    guard let name = parsed.ownName, let surveyor else {
      return try find(kind, parsed, as: reference, pinnedDigest)
    }
    let miss: FulcrumError
    do throws(FulcrumError) {
      return try find(kind, parsed, as: reference, pinnedDigest)
    } catch {
      guard try isElsewhere(name, error, pinnedDigest) else { throw error }
      miss = error
    }
    let surveys: [LibrarySurvey]
    do throws(FulcrumError) {
      surveys = try survey(by: surveyor)
    } catch {
      throw miss
    }
    var owners = surveys.filter { $0.library.name != name && $0.has(kind, name) }
    if owners.count > 1, let pinnedDigest {
      let pin = try PluginDigest.parse(pinnedDigest)
      let pinned = owners.filter { $0.digest == pin }
      if !pinned.isEmpty { owners = pinned }
    }
    guard let owner = owners.first else {
      throw surveys.miss(kind, name, miss, plugins: knownNames)
    }
    guard owners.count == 1 else { throw [LibrarySurvey].ambiguity(kind, name, owners) }
    let plugin = try load(owner.library.path, pinnedDigest: pinnedDigest)
    return FoundComponent(
      plugin: plugin, component: try plugin.component(kind, named: name),
      reference: "\(plugin.name)/\(name)")
  }

  /// Returns the component that a configuration names, as `find` does.
  package func component(
    _ kind: HostComponent.Kind, _ reference: String, pinnedDigest: String? = nil
  ) throws(FulcrumError) -> HostComponent {
    try find(kind, reference, pinnedDigest: pinnedDigest).component
  }

  /// The kinds of the components of a name, as far as libraries were loaded or looked into.
  package func kinds(named name: String) -> [HostComponent.Kind] {
    let loaded = loaded.flatMap(\.components).filter { $0.manual.name == name }.map(\.kind)
    let surveyed = (surveys ?? []).flatMap(\.components).filter { $0.name == name }.map(\.kind)
    return HostComponent.Kind.allCases.filter { loaded.contains($0) || surveyed.contains($0) }
  }

  private func find(
    _ kind: HostComponent.Kind, _ parsed: ComponentReference, as reference: String,
    _ pinnedDigest: String?
  ) throws(FulcrumError) -> FoundComponent {
    let plugin = try load(parsed.library, pinnedDigest: pinnedDigest)
    let component =
      if let name = parsed.component {
        try plugin.component(kind, named: name)
      } else {
        try plugin.onlyComponent(kind)
      }
    return FoundComponent(plugin: plugin, component: component, reference: reference)
  }

  /// Tells whether a name may be that of another library's component, when the library of the name, if there
  /// is one, does not serve: it has no such component, or is not the one that is pinned.
  private func isElsewhere(
    _ name: String, _ error: FulcrumError, _ pinnedDigest: String?
  ) throws(FulcrumError) -> Bool {
    if error.code == .notFound { return true }
    guard error.code == .pluginRefused, let pinnedDigest, let digest = try inspect(name)?.digest
    else { return false }
    return try PluginDigest.parse(pinnedDigest) != digest
  }

  /// Returns what the libraries on the search path have; each is looked into once.
  private func survey(by surveyor: any LibrarySurveyor) throws(FulcrumError) -> [LibrarySurvey] {
    if let surveys { return surveys }
    let libraries = installed().filter(\.isUsable)
    let silent = libraries.filter { $0.announced.isEmpty }
    let found =
      libraries.filter { !$0.announced.isEmpty }.map { LibrarySurvey($0, $0.announced) }
      + (silent.isEmpty ? [] : try surveyor.survey(silent))
    let surveys = found.sorted { $0.library.name < $1.library.name }
    self.surveys = surveys
    return surveys
  }
}

extension PluginListing {
  /// The components that its file tells of before it is loaded.
  fileprivate var announced: [LibrarySurvey.Component] {
    guard case .success(let inspection) = inspection else { return [] }
    return inspection.announced.map { LibrarySurvey.Component($0.kind, $0.name) }
  }
}
