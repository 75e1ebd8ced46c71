import Files

/// The folders in which plugins are looked for by name, in order: the first hit wins.
package struct PluginSearchPath: Sendable {
  /// One folder to look in, and the setting that asked for it.
  package struct Folder: Sendable, Equatable {
    /// The path as it was given; relative to the working folder if it doesn't start with a slash.
    package let path: String
    /// The setting that named the folder, for messages: `FULCRUM_PLUGIN_PATH`.
    package let origin: String
  }

  /// Each folder once, even if several origins name it.
  package var folders: [Folder]

  /// Joins what each origin names: `configured` first, `prefix` last.
  ///
  /// - Parameters:
  ///   - configured: the configuration's `plugin-path`, relative to the working folder.
  ///   - environment: the value of `FULCRUM_PLUGIN_PATH`, folders separated by colons.
  ///   - executableFolder: see `folderOfThisExecutable`.
  ///   - prefix: where Fulcrum is installed: its plugins are in `<prefix>/lib/fulcrum/plugins`.
  ///   - adaptors: the folder of the Python files that ship.
  package init(
    configured: [String] = [], environment: String? = nil, executableFolder: String? = nil,
    prefix: String? = nil, adaptors: String? = nil
  ) {
    var candidates = configured.map {
      Folder(path: $0, origin: "plugin-path of the configuration")
    }
    for path in (environment ?? "").split(separator: ":") {
      candidates.append(Folder(path: String(path), origin: "FULCRUM_PLUGIN_PATH"))
    }
    if let executableFolder {
      candidates.append(Folder(path: executableFolder, origin: "beside the executable"))
    }
    if let prefix {
      candidates.append(
        Folder(path: prefix + "/lib/fulcrum/plugins", origin: "the installation's prefix"))
    }
    if let adaptors { candidates.append(Folder(path: adaptors, origin: "the adaptors that ship")) }
    var seen: Set<String> = []
    folders = candidates.filter {
      seen.insert(FileSystem.canonicalPath($0.path) ?? $0.path).inserted
    }
  }

  /// The folder of the running program's file, for `executableFolder`.
  package static var folderOfThisExecutable: String? {
    FileSystem.canonicalPath("/proc/self/exe").map(FileSystem.folder(of:))
  }
}
