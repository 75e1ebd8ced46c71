import Foundation

/// Finds programs as a shell does.
package enum ExecutableFile {
  /// The folders that are searched, as the environment has them.
  package static var searchPath: String {
    ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
  }

  /// The path of an executable file: the file itself of a name with a '/', else the first of that name
  /// in the search path.
  ///
  /// - Parameter folder: where relative paths start from, those of the search path too.
  package static func find(_ name: String, seenFrom folder: String) -> String? {
    let places =
      name.contains("/") ? [name] : searchPath.split(separator: ":").map { $0 + "/" + name }
    return places.map { absolute($0, in: folder) }.first(where: exists)
  }

  package static func absolute(_ path: String, in folder: String) -> String {
    if path.hasPrefix("/") { return path }
    return path == "." || path.isEmpty ? folder : folder + "/" + path
  }

  /// Whether a file is there that may be run, and no folder.
  private static func exists(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      && !isFolder.boolValue && FileManager.default.isExecutableFile(atPath: path)
  }
}
