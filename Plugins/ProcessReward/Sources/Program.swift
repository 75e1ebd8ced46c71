import Files
import Foundation
import FulcrumKernel

/// Describes what to run: an executable file, its arguments and its folder.
struct Program: Sendable {
  let executable: String
  /// The arguments, with the program's own name first.
  let arguments: [String]
  let directory: String

  /// Finds the program as a shell would.
  ///
  /// - Throws: `.parameter`, with the name that was looked for and the places.
  init(_ parameters: Parameters) throws(FulcrumError) {
    arguments = try parameters.texts("command")
    let directory = ExecutableFile.absolute(
      try parameters.text("directory"), in: FileManager.default.currentDirectoryPath)
    self.directory = directory
    guard let name = arguments.first, !name.isEmpty else {
      throw parameters.refuse(
        "command", "expected a program and its arguments, got nothing",
        hint: "write command: [python3, reward.py]")
    }
    guard Self.isFolder(directory) else {
      throw parameters.refuse("directory", "expected a folder, found none at '\(directory)'")
    }
    let words = name.split(separator: " ")
    if arguments.count == 1, words.count > 1, !FileManager.default.fileExists(atPath: name) {
      throw parameters.refuse(
        "command", "expected a program and its arguments as a list, got one text '\(name)'",
        hint: "write command: [\(words.joined(separator: ", "))]")
    }
    // An interpreter ends at once without its script, and would be started again and again.
    if let script = arguments.dropFirst().first, !script.hasPrefix("-"), Self.isScript(script),
      !FileManager.default.fileExists(atPath: ExecutableFile.absolute(script, in: directory))
    {
      throw parameters.refuse(
        "command",
        "expected a script, found none at '\(ExecutableFile.absolute(script, in: directory))'",
        hint: "give its path, relative to 'directory'")
    }
    guard let found = ExecutableFile.find(name, seenFrom: directory) else {
      guard !name.contains("/") else {
        throw parameters.refuse(
          "command",
          "expected a program, found no executable file at"
            + " '\(ExecutableFile.absolute(name, in: directory))'",
          hint:
            "give a script by way of its interpreter ([python3, reward.py]), or 'chmod +x' it")
      }
      throw parameters.refuse(
        "command",
        "expected a program, found no executable '\(name)' in PATH: \(ExecutableFile.searchPath)",
        hint: "install it, or give its path (with a '/')")
    }
    executable = found
  }

  /// The program and its arguments in one line, for messages.
  var line: String { arguments.joined(separator: " ") }

  /// Says how to see the program fail without `fulcrum`.
  var trial: String {
    let words = arguments.map { word in
      word.allSatisfy { $0.isLetter || $0.isNumber || "-_./=".contains($0) }
        ? word : "'" + word.replacingOccurrences(of: "'", with: #"'\''"#) + "'"
    }
    return #"try it alone in \#(directory): echo '{"id": 0, "prompt": "", "completion": "","#
      + #" "answer": ""}' | \#(words.joined(separator: " "))"#
  }

  /// Starts a copy of the program.
  ///
  /// The copy has a process group of its own: Ctrl-C asks the host to stop after the step, and must
  /// not take away the rewards of that step. When the host dies, the program reads the end of its
  /// input.
  func start() throws(FulcrumError) -> RunningProcess {
    var program = RunningProcess.Program(executable: executable, arguments: arguments)
    program.environment = Self.environment
    program.folder = directory
    program.hasOwnGroup = true
    do throws(FulcrumError) {
      return try RunningProcess(program)
    } catch {
      throw FulcrumError(.program, error.message, at: executable)
    }
  }

  /// The host's environment. Python's output is unbuffered, unless that was set already: replies
  /// that stay in a buffer are the most frequent reason for endless waiting.
  private static var environment: [String: String] {
    var environment = ProcessInfo.processInfo.environment
    if environment["PYTHONUNBUFFERED"] == nil { environment["PYTHONUNBUFFERED"] = "1" }
    return environment
  }

  private static func isScript(_ name: String) -> Bool {
    [".py", ".sh", ".pl", ".rb", ".js", ".lua", ".R"].contains { name.hasSuffix($0) }
  }

  private static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      && isFolder.boolValue
  }
}
