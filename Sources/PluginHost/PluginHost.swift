import Files
import FulcrumKernel
import Stages

/// Finds plugins, refuses the unsound before any of their code runs, and loads the others.
///
/// Not thread-safe: a process has one and uses it from one thread at a time.
package final class PluginHost {
  /// The folders in which plugins are looked for by name.
  package let searchPath: PluginSearchPath
  /// The loaded plugins in the order of loading. A library that was refused is not among them.
  package private(set) var loaded: [LoadedPlugin] = []
  let formats: LibraryFormats
  let surveyor: (any LibrarySurveyor)?
  /// The contents of the libraries on the search path; `nil`: nobody has asked yet.
  var surveys: [LibrarySurvey]?

  /// Makes a host that has read nothing yet.
  ///
  /// - Parameters:
  ///   - formats: at least one; the first reads files whose names are of none.
  ///   - surveyor: looks for components whose names are not their libraries'; `nil`: nobody does.
  package init(
    searchPath: PluginSearchPath, formats: [any LibraryFormat],
    surveyor: (any LibrarySurveyor)? = nil
  ) {
    self.searchPath = searchPath
    self.formats = LibraryFormats(formats)
    self.surveyor = surveyor
  }

  /// Loads a plugin, or gives it again if it is loaded already.
  ///
  /// - Parameters:
  ///   - reference: a name, looked for among the loaded plugins and then on the search path; or
  ///     the path of a library, which contains a slash.
  ///   - pinnedDigest: the SHA-256 that the library must have; see `LoadedPlugin.digest`.
  /// - Throws: `.notFound` with every place that was tried; `.pluginRefused` with every fault of
  ///   the library; `.usage` for a bad name, or one that a folder has in several formats;
  ///   `.configuration` for a bad digest; `.inputOutput`.
  package func load(
    _ reference: String, pinnedDigest: String? = nil
  ) throws(FulcrumError) -> LoadedPlugin {
    var pin: String?
    if let pinnedDigest { pin = try PluginDigest.parse(pinnedDigest) }

    if let known = loaded.first(where: { $0.name == reference }) { return try check(known, pin) }
    let path = reference.contains("/") ? reference : try find(reference)
    let canonical = FileSystem.canonicalPath(path) ?? path
    if let known = loaded.first(where: { $0.path == canonical }) { return try check(known, pin) }

    let plugin = try open(path, canonical, pin, as: formats.format(ofFile: path))
    loaded.append(plugin)
    return plugin
  }

  /// Inspects the file that a load would read, and runs nothing of it.
  ///
  /// - Returns: `nil` if a load has no one file to read, as it will say.
  package func inspect(
    _ reference: String
  ) throws(FulcrumError) -> (any LibraryInspection)? {
    if reference.contains("/") {
      return try formats.format(ofFile: reference).inspect(path: reference)
    }
    let candidates = PluginName(reference).map(firstHits) ?? []
    guard candidates.count == 1 else { return nil }
    return try candidates[0].format.inspect(path: candidates[0].path)
  }

  private func find(_ reference: String) throws(FulcrumError) -> String {
    guard let name = PluginName(reference) else {
      throw .badName(reference, in: reference, formats)
    }
    let candidates = firstHits(name)
    if let error = candidates.ambiguity { throw error }
    if let only = candidates.first { return only.path }

    var message = "no plugin '\(name)': "
    if searchPath.folders.isEmpty {
      message += "the search path is empty"
    } else {
      message += "none of these folders has a \(formats.fileNames(of: name)):"
      for folder in searchPath.folders {
        let isMissing = FileSystem.names(inFolder: folder.path) == nil
        message += "\n  \(folder.path) (\(folder.origin)\(isMissing ? "; can't be read" : ""))"
      }
    }
    let known = knownNames
    throw FulcrumError(
      .notFound, message,
      hint: known.isEmpty
        ? "put the plugin's folder into plugin-path or FULCRUM_PLUGIN_PATH"
        : NearNames.hint(for: name.text, among: known))
  }

  /// The names of all plugins on the search path, each once.
  var knownNames: [String] {
    Array(Set(searchPath.folders.flatMap { formats.files(in: $0).map(\.name.text) }))
  }

  /// Returns the files of a name in the first folder that has any.
  private func firstHits(_ name: PluginName) -> [LibraryFormats.Candidate] {
    searchPath.folders.lazy.map { self.formats.files(of: name, in: $0) }
      .first { !$0.isEmpty } ?? []
  }

  private func check(_ plugin: LoadedPlugin, _ pin: String?) throws(FulcrumError) -> LoadedPlugin {
    if let pin, let fault = PluginDigest.fault(expected: pin, got: plugin.digest) {
      throw .refusal(of: plugin.path, [fault])
    }
    return plugin
  }

  /// Inspects a library and loads it if there is nothing against it.
  private func open<Format: LibraryFormat>(
    _ path: String, _ canonical: String, _ pin: String?, as format: Format
  ) throws(FulcrumError) -> LoadedPlugin {
    let inspection = try format.inspect(path: path)
    var faults = inspection.faults + conflicts(of: inspection, pin)
    guard faults.isEmpty, let digest = inspection.digest else {
      throw .refusal(of: path, faults)
    }
    let library = try Stage.within("the loading of plugin \(inspection.name)") {
      () throws(FulcrumError) in
      do throws(PluginFault) {
        return try format.load(inspection, from: canonical)
      } catch {
        throw .refusal(of: path, [error])
      }
    }
    faults = library.faults + ComponentCheck(library.components, others: loaded).faults
    guard faults.isEmpty else { throw .refusal(of: path, faults) }
    return LoadedPlugin(path: canonical, name: inspection.name, digest: digest, library: library)
  }

  /// Returns what the pin and the plugins that are loaded already have against another one.
  private func conflicts(
    of inspection: some LibraryInspection, _ pin: String?
  ) -> [PluginFault] {
    var faults: [PluginFault] = []
    if let pin, let digest = inspection.digest,
      let fault = PluginDigest.fault(expected: pin, got: digest)
    {
      faults.append(fault)
    }
    if let namesake = loaded.first(where: { $0.name == inspection.name }) {
      faults.append(
        PluginFault(
          "a plugin '\(namesake.name)' is loaded already, from \(namesake.path)",
          hint: "use one of the two"))
    }
    return faults
      + inspection.announced.compactMap { ComponentCheck.clash($0.kind, $0.name, among: loaded) }
  }
}

extension PluginHost {
  /// Returns every plugin on the search path, inspected and not loaded: folder by folder, sorted by
  /// name.
  package func installed() -> [PluginListing] {
    var first: [PluginName: String] = [:]
    var listings: [PluginListing] = []
    for folder in searchPath.folders {
      let candidates = Dictionary(grouping: formats.files(in: folder), by: \.name)
      for (name, namesakes) in candidates.sorted(by: { $0.key.text < $1.key.text }) {
        for candidate in namesakes {
          listings.append(
            PluginListing(
              name: name.text, path: candidate.path, origin: folder.origin,
              kinds: candidate.format.kinds,
              inspection: Result { () throws(FulcrumError) in
                try candidate.format.inspect(path: candidate.path)
              },
              shadowedBy: first[name], ambiguity: first[name] == nil ? namesakes.ambiguity : nil))
        }
        if first[name] == nil { first[name] = namesakes[0].path }
      }
    }
    return listings
  }

  /// Loads a listed plugin as a load by its name would, if it is not shadowed.
  ///
  /// - Throws: what `load` throws for the name.
  package func load(_ listing: PluginListing) throws(FulcrumError) -> LoadedPlugin {
    if let error = listing.ambiguity { throw error }
    return try load(listing.path)
  }
}
