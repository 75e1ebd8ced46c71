import FulcrumKernel

/// A plugin that is loaded and whose components may be made.
package struct LoadedPlugin: Sendable {
  /// The absolute path of the file that it is named by, symbolic links resolved.
  package let path: String
  /// The name as configurations write it.
  package let name: String
  /// The version that the library tells.
  package let version: String
  /// SHA-256 of all files that make it up, one after the other: 64 lower-case hexadecimal digits.
  package let digest: String
  /// The components in the order of registration; at least one.
  package let components: [HostComponent]
  /// The files that the plugin was read from, for manuals.
  package let files: [LoadedLibrary.File]
  /// Further lines of a manual.
  package let notes: [LoadedLibrary.Note]

  init(path: String, name: String, digest: String, library: LoadedLibrary) {
    self.path = path
    self.name = name
    self.digest = digest
    version = library.version
    components = library.components
    files = library.files
    notes = library.notes
  }

  /// Returns the components of a kind, in the order of registration.
  package func components(_ kind: HostComponent.Kind) -> [HostComponent] {
    components.filter { $0.kind == kind }
  }

  /// Returns the component of a kind with a name.
  ///
  /// - Throws: `.notFound`, with the near names or all that the plugin offers.
  package func component(
    _ kind: HostComponent.Kind, named wanted: String
  ) throws(FulcrumError) -> HostComponent {
    let candidates = components(kind)
    if let found = candidates.first(where: { $0.manual.name == wanted }) { return found }
    let near = NearNames.of(wanted, among: candidates.map(\.manual.name))
    throw FulcrumError(
      .notFound, "plugin '\(name)' has no \(kind.rawValue) '\(wanted)'", at: path,
      hint: near.isEmpty ? offer : NearNames.hint(for: wanted, among: near))
  }

  /// Returns the component of a kind when only the library was named: the plugin's namesake or, if
  /// there is none, the only one of the kind.
  ///
  /// - Throws: `.notFound` if there is none; `.usage` if there are several.
  package func onlyComponent(
    _ kind: HostComponent.Kind
  ) throws(FulcrumError) -> HostComponent {
    let candidates = components(kind)
    if let namesake = candidates.first(where: { $0.manual.name == name }) { return namesake }
    guard let first = candidates.first else {
      throw FulcrumError(
        .notFound, "plugin '\(name)' has no \(kind.rawValue)", at: path, hint: offer)
    }
    guard candidates.count == 1 else {
      throw FulcrumError(
        .usage, "plugin '\(name)' has \(candidates.count) components of kind \(kind.rawValue)",
        at: path,
        hint: "name one of them after a colon: "
          + candidates.map { "…:\($0.manual.name)" }.joined(separator: ", "))
    }
    return first
  }

  private var offer: String {
    "it offers "
      + components.map { "\($0.kind.rawValue) '\($0.manual.name)'" }
      .joined(separator: ", ")
  }
}
