import Files
import Foundation
import FulcrumKernel
import JSON
import PluginHost
import Wire

/// The process that runs a plugin's file. Its components share it; one call is made at a time.
final class PythonProgram: @unchecked Sendable {
  private static let module = "fulcrum.worker"

  let plugin: String
  private let interpreter: PythonInterpreter
  // Rewards are asked by several threads at once.
  private let lock = NSLock()
  private let program: WiredProgram
  private var asked: Set<String> = []

  /// Starts the process.
  ///
  /// - Throws: `.parameter` if there is no such interpreter; `.program` if it doesn't come so far as to
  ///   take calls.
  init(_ path: String, plugin: String, _ interpreter: PythonInterpreter) throws(FulcrumError) {
    self.plugin = plugin
    self.interpreter = interpreter
    let folder = FileManager.default.currentDirectoryPath
    guard ExecutableFile.find(interpreter.name, seenFrom: folder) != nil else {
      throw FulcrumError(
        .notFound, "expected a Python interpreter, found none at '\(interpreter.name)'",
        hint: "install Python 3.10 or newer, or name an interpreter by the key 'python'"
          + " or the variable FULCRUM_PYTHON")
    }
    var description = WiredProgram.Description(
      name: "the plugin's process", location: plugin,
      command: [interpreter.name, "-m", Self.module, path])
    description.environment = PythonFolders.environment(
      from: PluginSearchPath.folderOfThisExecutable)
    description.startLimit = interpreter.startLimit
    description.callLimit = interpreter.timeLimit
    description.limitNames = ("python-start-limit", "python-time-limit")
    description.survivesFaults = true
    program = try WiredProgram(description)
  }

  /// Asks the process for something.
  ///
  /// - Throws: what the file's code refused; `.pluginFault` for an exception in it, with its place;
  ///   `.program` if the process died or was silent for too long.
  func call(
    _ name: String, _ header: [JSONMember] = [],
    _ arrays: [(name: String, array: WireArray)] = []
  ) throws(FulcrumError) -> WireFrame {
    lock.lock()
    defer { lock.unlock() }
    let isFirst = asked.insert(name).inserted
    return try program.call(
      name, (header, arrays),
      limit: interpreter.timeLimit + (isFirst ? interpreter.startLimit : .zero))
  }

  /// Reads something of a reply; the process is given up if that is not there.
  func read<Result>(
    _ call: String, _ work: () throws(WireFault) -> Result
  ) throws(FulcrumError) -> Result {
    lock.lock()
    defer { lock.unlock() }
    return try program.sound(call, work)
  }

  /// Reads the JSON in one of a reply's arrays.
  func json(_ frame: WireFrame, _ array: String, of call: String) throws(FulcrumError) -> JSONValue
  {
    try read(call) { () throws(WireFault) in
      let text = try frame.array(array).text()
      do throws(JSONFault) {
        return try JSONReader.parse(Array(text.utf8), options: .numerals)
      } catch {
        throw WireFault("expected JSON as '\(array)', got what is none: \(error.reason)")
      }
    }
  }
}
