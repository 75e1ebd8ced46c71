import Files
import FulcrumKernel

extension FileSystem {
  /// Reads the file that a plugin is, a library or a manifest, with a plugin's remedies in the errors.
  package static func plugin(at path: String) throws(FulcrumError) -> Contents {
    try contents(
      of: path, missing: "check the path; a plugin on the search path is named without one",
      wrongKind: "give the path of a library, libfulcrum-<name>.so")
  }
}
