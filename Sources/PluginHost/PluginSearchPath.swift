import Files

/// The folders in which plugins are looked for by name, in order: the first hit wins.
package struct PluginSearchPath: Sendable {
  /// One place to look, and who asked for it.
  package struct Folder: Sendable, Equatable {
    /// As it was given; relative to the working folder if it doesn't start with a slash.
    package let path: String
    /// For messages: `FULCRUM_PLUGIN_PATH`.
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
  package init(
    configured: [String] = [], environment: String? = nil, executableFolder: String? = nil,
    prefix: String? = nil
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
    var seen: Set<String> = []
    folders = candidates.filter {
      seen.insert(FileSystem.canonicalPath($0.path) ?? $0.path).inserted
    }
  }

  /// The folder of the running program's file, for `executableFolder`.
  package static var folderOfThisExecutable: String? {
    FileSystem.canonicalPath("/proc/self/exe").map(FileSystem.folder(of:))
  }

  /// The path of the first library or manifest of this name, whether or not it is sound. In one
  /// folder the library comes first.
  func firstHit(_ name: PluginName) -> String? {
    folders.lazy.flatMap { folder in
      [name.fileName, name.manifestFileName].map { folder.path + "/" + $0 }
    }.first(where: FileSystem.exists)
  }

  /// The plugins in a folder with their paths, sorted by name, libraries before manifests; empty if
  /// it can't be read.
  func plugins(in folder: Folder) -> [(name: PluginName, path: String)] {
    let files = FileSystem.names(inFolder: folder.path) ?? []
    let libraries = files.compactMap { file in PluginName(fileName: file).map { ($0, file) } }
    let manifests = files.compactMap { file in
      PluginName(manifestFileName: file).map { ($0, file) }
    }
    let order = [libraries, manifests].enumerated().flatMap { rank, files in
      files.map { (rank: rank, name: $0.0, file: $0.1) }
    }
    return order.sorted { ($0.name.text, $0.rank) < ($1.name.text, $1.rank) }
      .map { ($0.name, folder.path + "/" + $0.file) }
  }
}
