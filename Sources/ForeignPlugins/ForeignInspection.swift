import Digests
import Files
import FulcrumKernel
import PluginHost
import YAML

/// The findings on a manifest and its library's file.
package struct ForeignInspection: LibraryInspection {
  package let path: String
  package let name: String
  /// The SHA-256 of the manifest's bytes followed by the library's; `nil` if there is no library.
  ///
  /// The library starts with the four bytes of ELF, which no manifest can hold, so that only one
  /// pair of files has these bytes.
  package let digest: String?
  package let faults: [PluginFault]
  /// The manifest; `nil` if it can't be read.
  let manifest: ForeignManifest?
  /// The SHA-256 of the manifest alone.
  let manifestDigest: String
  /// The library; `nil` if there is no such file.
  let library: Library?

  /// The library that the manifest names.
  struct Library {
    /// The absolute path, symbolic links resolved.
    let path: String
    /// The SHA-256 of the library alone.
    let digest: String
  }

  package var announced: [(kind: HostComponent.Kind, name: String)] {
    manifest.map { [(kind: $0.kind, name: $0.manual.name)] } ?? []
  }

  /// Empty: a library that knows nothing of Fulcrum says nothing of it.
  package var summary: String { "" }

  /// - Parameter plugin: `nil` if the file's name is no plugin's.
  /// - Throws: `.notFound` or `.inputOutput` if the manifest can't be read at all.
  init(path: String, plugin: PluginName?) throws(FulcrumError) {
    let contents = try FileSystem.plugin(at: path)
    self.path = path
    name = plugin?.text ?? FileSystem.fileName(of: path)
    manifestDigest = FileDigest.sha256(of: contents.bytes)
    var faults = PluginFault.permissions(of: path, contents)
    var digest: String?
    var manifest: ForeignManifest?
    var library: Library?
    do throws(PluginFault) {
      let read = try Self.manifest(contents.bytes, path: path, plugin)
      manifest = read
      let file = try LibraryFile(of: read, manifestPath: path)
      faults += file.faults
      library = Library(path: file.path, digest: FileDigest.sha256(of: file.bytes))
      digest = FileDigest.sha256(of: contents.bytes + file.bytes)
    } catch {
      faults.append(error)
    }
    self.digest = digest
    self.manifest = manifest
    self.library = library
    self.faults = faults
  }

  private static func manifest(
    _ bytes: [UInt8], path: String, _ plugin: PluginName?
  ) throws(PluginFault) -> ForeignManifest {
    guard let plugin else {
      throw .fileName(of: path, pattern: "<name>" + ForeignLibraries().suffix)
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw PluginFault("expected UTF-8 text, got other bytes", hint: "a manifest is YAML")
    }
    var tree: ConfigurationTree?
    do throws(FulcrumError) {
      let read = try ConfigurationTree(text: text, file: path)
      tree = read
      return try ForeignManifest(read, name: plugin.text)
    } catch {
      // The refusal says the file's path; here goes the line.
      let place = error.location.flatMap { $0.hasPrefix(path) ? nil : $0 }
      let said = error.location.flatMap { Int($0.dropFirst(path.count + 1)) }
      let line =
        (place == nil ? said : place.flatMap { tree?.line(of: $0) })
        .map { "line \($0): " } ?? ""
      throw PluginFault(
        line + (place.map { "\($0): " } ?? "") + error.message,
        hint: error.hint ?? "Documentation/ForeignPlugins.md says what a manifest holds")
    }
  }
}
