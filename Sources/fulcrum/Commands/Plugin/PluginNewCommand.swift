import ArgumentParser
import Files
import Foundation
import FulcrumKernel
import PluginHost
import Training

struct PluginNewCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "new",
    abstract: "Write a working plugin with its test, to begin your own from.",
    discussion: """
      In Python it is one file. In Swift it is a package, which builds against the kernel's sources: \
      they lie in share/fulcrum of an installation, or in the source tree of a build.

        fulcrum plugin new my-idea --kind advantage-transform --language python
        fulcrum plugin new my-idea --kind advantage-transform
      """)

  @Argument(help: "The plugin's name: \(PluginName.rule).")
  var name: String

  @Option(help: "The kind of its component.")
  var kind: PluginTemplate.Kind

  @Option(help: "The language: swift or python.")
  var language = Language.swift

  /// Lists the languages that a plugin can be begun in.
  enum Language: String, CaseIterable, ExpressibleByArgument {
    case swift
    case python
  }

  @Option(help: "The folder to make. By default the plugin's name.", completion: .directory)
  var output: String?

  @Option(
    help: "The folder with the kernel's package. By default the one of this program.",
    completion: .directory)
  var kernel: String?

  func run() throws {
    guard let name = PluginName(name) else { throw badName }
    let folder = try folder(for: name)
    let files =
      switch language {
      case .swift:
        PluginTemplate(name: name, kind: kind, kernel: try KernelSources.find(given: kernel)).files
      case .python: try PythonTemplate(name: name, kind: kind).files
      }
    try SafeFiles.writeFolder(folder) { (aside) throws(FulcrumError) in
      for file in files {
        let path = aside + "/" + file.path
        try SafeFiles.makeFolder((path as NSString).deletingLastPathComponent)
        try SafeFiles.write(file.text, to: path)
      }
    }
    print("wrote \(folder):")
    for file in files { print("  \(file.path)") }
    print("next:")
    for command in commands(folder) { print("  \(command)") }
  }

  private var badName: FulcrumError {
    let near = name.lowercased().replacing("_", with: "-")
    return FulcrumError(
      .usage, "expected a name of \(PluginName.rule), got '\(name)'",
      hint: PluginName(near) == nil ? "take a name such as my-idea" : "did you mean '\(near)'?")
  }

  /// Returns the absolute path of the folder to make, and checks that it can be made.
  private func folder(for name: PluginName) throws(FulcrumError) -> String {
    let files = FileManager.default
    let path = URL(fileURLWithPath: output ?? name.text).standardizedFileURL.path
    let last = (path as NSString).lastPathComponent
    // SwiftPM tells packages apart by their folders' names, in lower case.
    guard !KernelSources.packages.contains(where: { $0.lowercased() == last.lowercased() }) else {
      throw FulcrumError(
        .usage,
        "expected another folder name than those of the packages that it depends on: "
          + KernelSources.packages.joined(separator: ", "),
        at: path, hint: "choose one with --output")
    }
    guard path != URL(fileURLWithPath: files.currentDirectoryPath).standardizedFileURL.path else {
      throw FulcrumError(
        .usage, "expected a folder to make, got the working folder", at: path,
        hint: "name it from the folder above")
    }
    var isFolder: ObjCBool = false
    guard files.fileExists(atPath: path, isDirectory: &isFolder) else { return path }
    guard isFolder.boolValue, (try? files.contentsOfDirectory(atPath: path))?.isEmpty == true
    else {
      throw FulcrumError(
        .usage,
        "expected a new or an empty folder, got "
          + (isFolder.boolValue ? "one with files in it" : "a file"),
        at: path, hint: "choose another one with --output, or move that away")
    }
    return path
  }

  /// Returns the commands that build, test and list the plugin.
  private func commands(_ folder: String) -> [String] {
    let program = PluginSearchPath.folderOfThisExecutable.map { $0 + "/fulcrum" } ?? "fulcrum"
    switch language {
    case .swift:
      return [
        "cd \(Self.quoted(folder))",
        "swift build -c release && swift test",
        "\(Self.quoted(program)) plugin list --plugin-path .build/release",
      ]
    case .python:
      let packages = PythonFolders.of("fulcrum", from: PluginSearchPath.folderOfThisExecutable)
      let path = packages.first.map { "PYTHONPATH=\(Self.quoted($0)) " } ?? ""
      return [
        "cd \(Self.quoted(folder))",
        "\(path)python3 -m unittest",
        "\(Self.quoted(program)) plugin list --plugin-path .",
      ]
    }
  }

  /// Quotes a path as a word of a shell's command.
  private static func quoted(_ path: String) -> String {
    let isPlain = path.unicodeScalars.allSatisfy {
      CharacterSet.alphanumerics.contains($0) || "/._-+".unicodeScalars.contains($0)
    }
    return isPlain ? path : "'" + path.replacing("'", with: "'\\''") + "'"
  }
}
