import Files
import Foundation
import FulcrumKernel
import JSON
import PluginHost

/// One entry of the key `trackers`: a program's name, or its path, and options `key=value` behind it.
struct TrackerCommand {
  /// The folder of the trackers that ship, within that of the Python packages.
  private static let folder = "adaptors/trackers"

  let name: String
  /// The program's file with what runs it.
  let command: [String]
  let options: [JSONMember]

  /// - Parameter python: runs programs in Python.
  /// - Throws: `.configuration` for an entry that names no program, or an option without a value.
  init(_ entry: String, python: String) throws(FulcrumError) {
    let words = entry.split(separator: " ").map(String.init)
    let place = "trackers"
    guard let first = words.first else {
      throw FulcrumError(.configuration, "expected a tracker's name, got an empty text", at: place)
    }
    let folder = FileManager.default.currentDirectoryPath
    let shipped = Self.shipped
    guard
      let path = first.contains("/")
        ? ExecutableFile.absolute(first, in: folder) : shipped[first],
      FileSystem.exists(path)
    else {
      throw FulcrumError(
        .configuration,
        "expected one of \(shipped.keys.sorted().joined(separator: ", ")), or a program's path with a '/',"
          + " got '\(first)'", at: place,
        hint: "a program is told of the run in lines of JSON, see Python/adaptors/README.md")
    }
    var options: [JSONMember] = []
    for word in words.dropFirst() {
      guard let equals = word.firstIndex(of: "="), equals > word.startIndex else {
        throw FulcrumError(
          .configuration, "expected options key=value behind '\(first)', got '\(word)'", at: place)
      }
      let value = String(word[word.index(after: equals)...])
      // Of what a text may mean, programs need to tell true from false.
      options.append(
        JSONMember(String(word[..<equals]), Bool(value).map { .bool($0) } ?? .string(value)))
    }
    self.options = options
    name = ((first as NSString).lastPathComponent as NSString).deletingPathExtension
    guard path.hasSuffix(".py") else {
      command = [path]
      return
    }
    guard let interpreter = ExecutableFile.find(python, seenFrom: folder) else {
      throw FulcrumError(
        .configuration,
        "expected a Python interpreter to run '\(first)', found none at '\(python)'",
        at: place, hint: "install Python 3.10 or newer, or name an interpreter by the key 'python'")
    }
    command = [interpreter, path]
  }

  /// The files of the trackers that ship, by their names.
  private static var shipped: [String: String] {
    let packages = PythonFolders.of("fulcrum", from: PluginSearchPath.folderOfThisExecutable)
    guard let folder = packages.last.map({ $0 + "/" + Self.folder }) else { return [:] }
    var files: [String: String] = [:]
    for file in FileSystem.names(inFolder: folder) ?? [] where file.hasSuffix(".py") {
      files[String(file.dropLast(3))] = folder + "/" + file
    }
    return files
  }
}
