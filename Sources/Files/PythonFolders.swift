import Foundation

/// Finds the Python packages that come with Fulcrum.
package enum PythonFolders {
  /// The folders for PYTHONPATH, in the source tree or in an installation, seen from a file or folder within
  /// either. None: the interpreter has the packages itself.
  ///
  /// - Parameters:
  ///   - module: the package that the first of the folders must hold.
  ///   - sources: the folders within the source tree.
  ///   - start: where to look upwards from; `nil`: it is not known.
  package static func of(
    _ module: String, in sources: [String] = ["Python"], from start: String?
  ) -> [String] {
    guard let start else { return [] }
    var folder = URL(fileURLWithPath: start).resolvingSymlinksInPath()
    while true {
      for places in [sources, ["share/fulcrum/python"]] {
        let paths = places.map { folder.appendingPathComponent($0).path }
        if FileManager.default.fileExists(atPath: paths[0] + "/" + module) { return paths }
      }
      if folder.path == "/" { return [] }
      folder.deleteLastPathComponent()
    }
  }

  /// A value for PYTHONPATH: the folders before those that the environment has; `nil`: there are none.
  package static func path(_ folders: [String]) -> String? {
    let own = ProcessInfo.processInfo.environment["PYTHONPATH"].map { [$0] } ?? []
    return folders.isEmpty && own.isEmpty ? nil : (folders + own).joined(separator: ":")
  }

  /// The variables that a process of the package `fulcrum` gets beside the host's. Sets are walked in the
  /// same order each time, and sums aren't split among threads: a restart gives the same bits.
  ///
  /// - Parameter start: where to look for the package from.
  package static func environment(from start: String?) -> [String: String] {
    let own = ProcessInfo.processInfo.environment
    // A file json.py in the working folder is not Python's own.
    var environment = [
      "PYTHONHASHSEED": "0", "PYTHONSAFEPATH": "1", "PYTHONDONTWRITEBYTECODE": "1",
    ]
    for name in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"]
    where own[name] == nil {
      environment[name] = "1"
    }
    environment["PYTHONPATH"] = path(of("fulcrum", from: start))
    return environment
  }
}
