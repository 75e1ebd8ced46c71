import Digests
import Files
import FulcrumKernel
import PluginHost

/// The findings on a Python file, of which nothing has run.
package struct PythonInspection: LibraryInspection {
  package let path: String
  package let name: String
  /// The SHA-256 of the file. What it imports is not in it.
  package let digest: String?
  package let faults: [PluginFault]

  /// Empty: only running it tells.
  package var announced: [(kind: HostComponent.Kind, name: String)] { [] }
  package var summary: String { "Python" }
  /// An interpreter starts, and imports NumPy.
  package var loadLimit: Double { 500 }

  /// - Parameter plugin: `nil` if the file's name is no plugin's.
  /// - Throws: `.notFound` or `.inputOutput` if the file can't be read at all.
  init(path: String, plugin: PluginName?) throws(FulcrumError) {
    let contents = try FileSystem.plugin(at: path)
    self.path = path
    name = plugin?.text ?? FileSystem.fileName(of: path)
    digest = FileDigest.sha256(of: contents.bytes)
    var faults = PluginFault.permissions(of: path, contents)
    if plugin == nil { faults.append(.fileName(of: path, pattern: "<name>.py")) }
    if String(validating: contents.bytes, as: UTF8.self) == nil {
      faults.append(
        PluginFault("expected UTF-8 text, got other bytes", hint: "save the file as UTF-8"))
    }
    self.faults = faults
  }
}
