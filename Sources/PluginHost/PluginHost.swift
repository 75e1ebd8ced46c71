import Files
import FulcrumKernel

/// Finds plugins, refuses the unsound before any of their code runs, and loads the others.
///
/// Not thread-safe: a process has one and uses it from one thread at a time.
package final class PluginHost {
  /// Where plugins are looked for by name.
  package let searchPath: PluginSearchPath
  /// In the order of loading. A library that was refused is not among them.
  package private(set) var loaded: [LoadedPlugin] = []
  private let foreignChecker: ForeignChecker

  /// Nothing is read before something is asked for.
  ///
  /// - Parameter foreignChecker: runs the examples of foreign libraries.
  package init(
    searchPath: PluginSearchPath, foreignChecker: ForeignChecker = .ofThisExecutable
  ) {
    self.searchPath = searchPath
    self.foreignChecker = foreignChecker
  }

  /// Loads a plugin, or gives it again if it is loaded already.
  ///
  /// - Parameters:
  ///   - reference: a name, looked for among the loaded plugins and then on the search path; or
  ///     the path of a library or of a foreign library's manifest, which contains a slash.
  ///   - pinnedDigest: the SHA-256 that the file must have; for a foreign library that of the
  ///     manifest's bytes followed by the library's.
  /// - Throws: `.notFound` with every place that was tried; `.pluginRefused` with every fault of
  ///   the library; `.usage` for a bad name; `.configuration` for a bad digest; `.inputOutput`.
  package func load(
    _ reference: String, pinnedDigest: String? = nil
  ) throws(FulcrumError) -> LoadedPlugin {
    var pin: String?
    if let pinnedDigest { pin = try PluginDigest.parse(pinnedDigest) }

    if let known = loaded.first(where: { $0.name == reference }) { return try check(known, pin) }
    let path = reference.contains("/") ? reference : try find(reference)
    let canonical = FileSystem.canonicalPath(path) ?? path
    if let known = loaded.first(where: { $0.path == canonical }) { return try check(known, pin) }

    let plugin =
      path.hasSuffix(PluginName.manifestSuffix)
      ? try open(try ForeignInspection.inspect(path: path), canonical, pin)
      : try open(try PluginInspection.inspect(path: path), canonical, pin)
    loaded.append(plugin)
    return plugin
  }

  /// Every plugin on the search path, inspected and not loaded: folder by folder, sorted by name.
  package func installed() -> [PluginListing] {
    var first: [PluginName: String] = [:]
    var listings: [PluginListing] = []
    for folder in searchPath.folders {
      for (name, path) in searchPath.plugins(in: folder) {
        listings.append(
          PluginListing(
            name: name.text, path: path, origin: folder.origin,
            inspection: Result { () throws(FulcrumError) in
              try PluginInspection.inspect(path: path)
            },
            shadowedBy: first[name]))
        if first[name] == nil { first[name] = path }
      }
    }
    return listings
  }

  /// The component that a configuration names, from a plugin that is loaded for it if need be.
  ///
  /// - Parameter reference: see `ComponentReference`.
  /// - Throws: what `load` throws; `.notFound` if the plugin has no such component; `.usage` if
  ///   the reference leaves several to choose from.
  package func component(
    _ kind: HostComponent.Kind, _ reference: String, pinnedDigest: String? = nil
  ) throws(FulcrumError) -> HostComponent {
    switch try ComponentReference(reference) {
    case .named(let plugin, let component):
      return try load(plugin, pinnedDigest: pinnedDigest).component(kind, named: component)
    case .file(let path, let component?):
      return try load(path, pinnedDigest: pinnedDigest).component(kind, named: component)
    case .file(let path, nil):
      return try load(path, pinnedDigest: pinnedDigest).onlyComponent(kind)
    }
  }

  private func find(_ reference: String) throws(FulcrumError) -> String {
    guard let name = PluginName(reference) else { throw .badName(reference, in: reference) }
    if let path = searchPath.firstHit(name) { return path }

    var message = "no plugin '\(name)': "
    if searchPath.folders.isEmpty {
      message += "the search path is empty"
    } else {
      message += "none of these folders has a \(name.fileName) or \(name.manifestFileName):"
      for folder in searchPath.folders {
        let isMissing = FileSystem.names(inFolder: folder.path) == nil
        message += "\n  \(folder.path) (\(folder.origin)\(isMissing ? "; can't be read" : ""))"
      }
    }
    let known = Set(searchPath.folders.flatMap { searchPath.plugins(in: $0).map(\.name.text) })
    throw FulcrumError(
      .notFound, message,
      hint: known.isEmpty
        ? "put the plugin's folder into plugin-path or FULCRUM_PLUGIN_PATH"
        : NearNames.hint(for: name.text, among: Array(known)))
  }

  private func check(_ plugin: LoadedPlugin, _ pin: String?) throws(FulcrumError) -> LoadedPlugin {
    if let pin, let fault = PluginDigest.fault(expected: pin, got: plugin.digest) {
      throw .refusal(of: plugin.path, [fault])
    }
    return plugin
  }

  private func open(
    _ inspection: ForeignInspection, _ canonical: String, _ pin: String?
  ) throws(FulcrumError) -> LoadedPlugin {
    try ForeignPlugin(inspection: inspection, checker: foreignChecker, others: loaded).open(
      canonical,
      faults: faults(pin: pin, digest: inspection.files?.digest, name: inspection.name))
  }

  /// What the pin and the plugins that are loaded already have against another one.
  ///
  /// - Parameter digest: `nil`: not known, because a file is missing, a fault of its own.
  private func faults(pin: String?, digest: String?, name: String) -> [PluginFault] {
    var faults: [PluginFault] = []
    if let pin, let digest, let fault = PluginDigest.fault(expected: pin, got: digest) {
      faults.append(fault)
    }
    if let namesake = loaded.first(where: { $0.name == name }) {
      faults.append(
        PluginFault(
          "a plugin '\(namesake.name)' is loaded already, from \(namesake.path)",
          hint: "use one of the two"))
    }
    return faults
  }

  /// Maps an inspected library and runs its entry function, if there is nothing against it.
  private func open(
    _ inspection: PluginInspection, _ canonical: String, _ pin: String?
  ) throws(FulcrumError) -> LoadedPlugin {
    var faults =
      inspection.faults + self.faults(pin: pin, digest: inspection.digest, name: inspection.name)
    guard faults.isEmpty, let stamp = inspection.stamp,
      let name = PluginName(inspection.name)
    else { throw .refusal(of: inspection.path, faults) }

    let registrar = PluginRegistrar()
    do throws(PluginFault) {
      try DynamicLibrary(path: canonical).callEntry(name.entrySymbol, registrar)
    } catch {
      throw .refusal(of: inspection.path, [error])
    }
    faults = RegistrationCheck(name: name.text, registrar: registrar, others: loaded).faults
    guard faults.isEmpty else { throw .refusal(of: inspection.path, faults) }
    return LoadedPlugin(
      path: canonical, name: name.text, version: registrar.pluginVersion ?? "",
      digest: inspection.digest, stamp: stamp,
      components: registrar.components.map(HostComponent.init), foreign: nil)
  }
}
