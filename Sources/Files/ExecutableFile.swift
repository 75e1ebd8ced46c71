import Foundation

/// Finds programs as a shell does.
package enum ExecutableFile {
  /// The folders that are searched, as the environment has them.
  package static var searchPath: String {
    ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
  }

  /// The path of the first executable file of a name without a '/'.
  ///
  /// - Parameter folder: where relative folders of the search path start from.
  package static func find(_ name: String, seenFrom folder: String) -> String? {
    searchPath.split(separator: ":").map { absolute($0 + "/" + name, in: folder) }
      .first(where: exists)
  }

  package static func absolute(_ path: String, in folder: String) -> String {
    if path.hasPrefix("/") { return path }
    return path == "." || path.isEmpty ? folder : folder + "/" + path
  }

  /// Whether a file is there that may be run, and no folder.
  package static func exists(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      && !isFolder.boolValue && FileManager.default.isExecutableFile(atPath: path)
  }
}
