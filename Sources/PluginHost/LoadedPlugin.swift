import FulcrumKernel

/// A plugin whose entry function has run and whose registration is in order.
package struct LoadedPlugin: Sendable {
  /// The library's absolute path, or that of a foreign library's manifest, symbolic links resolved.
  package let path: String
  /// As configurations write it.
  package let name: String
  /// As its entry function registered it, or its manifest says.
  package let version: String
  /// SHA-256 of the file, for a foreign library of the manifest's bytes followed by the library's:
  /// 64 lower-case hexadecimal digits.
  package let digest: String
  /// `nil`: a foreign library, which knows nothing of the kernel.
  package let stamp: PluginStamp?
  /// In the order of registration; at least one.
  package let components: [HostComponent]
  /// A foreign library's files; `nil`: a Swift plugin's.
  package let foreign: ForeignFiles?

  /// The components that serve one protocol, in the order of registration.
  package func components(_ kind: HostComponent.Kind) -> [HostComponent] {
    components.filter { $0.kind == kind }
  }

  /// The component of a kind with a name.
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

  /// The component of a kind when only the library was named: the plugin's namesake or, if it has
  /// none, the only one of the kind.
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
