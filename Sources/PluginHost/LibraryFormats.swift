import Files
import FulcrumKernel

/// Holds the formats that a host knows, and asks them in order.
struct LibraryFormats: Sendable {
  /// A file that holds a plugin, as far as its name says.
  struct Candidate {
    let name: PluginName
    let path: String
    let format: any LibraryFormat
  }

  /// The format that reads a file whose name is of none.
  private let first: any LibraryFormat
  private let all: [any LibraryFormat]

  /// - Parameter formats: at least one.
  init(_ formats: [any LibraryFormat]) {
    precondition(!formats.isEmpty, "a host needs a format of libraries")
    first = formats[0]
    all = formats
  }

  /// The end of a path to a library where nothing more is known.
  var usualSuffix: String { first.suffix }

  /// Returns the format that a file is read as.
  func format(ofFile path: String) -> any LibraryFormat {
    all.first { path.hasSuffix($0.suffix) } ?? first
  }

  /// Whether a file's name ends like one of a format.
  func know(_ path: String) -> Bool { all.contains { path.hasSuffix($0.suffix) } }

  /// Whether a file of this name holds a plugin.
  func isPlugin(_ fileName: String) -> Bool { all.contains { $0.plugin(inFile: fileName) != nil } }

  /// The ends of file names, for messages: `.so or .fulcrum.yaml`.
  var suffixes: String { Self.choice(all.map(\.suffix)) }

  /// Returns the file names of a plugin, for messages: `libfulcrum-x.so or x.fulcrum.yaml`.
  func fileNames(of plugin: PluginName) -> String {
    Self.choice(all.map { $0.fileName(of: plugin) })
  }

  /// Returns the files of a folder that hold a plugin of this name, sound or not.
  func files(of plugin: PluginName, in folder: PluginSearchPath.Folder) -> [Candidate] {
    all.map {
      Candidate(name: plugin, path: folder.path + "/" + $0.fileName(of: plugin), format: $0)
    }.filter { FileSystem.exists($0.path) }
  }

  /// Returns the files of a folder that hold plugins, sorted by name, those of one name in the order
  /// of the formats; empty if the folder can't be read.
  func files(in folder: PluginSearchPath.Folder) -> [Candidate] {
    let names = FileSystem.names(inFolder: folder.path) ?? []
    let ranked = all.enumerated().flatMap { rank, format in
      names.compactMap { file in
        format.plugin(inFile: file).map {
          (rank, Candidate(name: $0, path: folder.path + "/" + file, format: format))
        }
      }
    }
    return ranked.sorted { ($0.1.name.text, $0.0) < ($1.1.name.text, $1.0) }.map(\.1)
  }

  private static func choice(_ texts: [String]) -> String {
    guard texts.count > 1 else { return texts[0] }
    return texts.dropLast().joined(separator: ", ") + " or " + texts[texts.count - 1]
  }
}

extension [LibraryFormats.Candidate] {
  /// The error of a load by name where a folder has the name in several formats; `nil`: it has not.
  var ambiguity: FulcrumError? {
    guard count > 1 else { return nil }
    return FulcrumError(
      .usage,
      "plugin '\(self[0].name)' is there \(count == 2 ? "twice" : "\(count) times"): "
        + map(\.path).joined(separator: " and "),
      hint: "remove or rename all but one of them, or write the path of the one that is meant")
  }
}
