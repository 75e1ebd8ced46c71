import Files
import Foundation
import FulcrumKernel
import JSON
import PluginHost
import Settings
import Wire

/// The process that runs a chat template: Python's Jinja, in its sandbox (`fulcrum.chat_worker`).
final class TemplateProgram {
  private static let module = "fulcrum.chat_worker"

  private let program: WiredProgram
  /// Whether a text depended on the day it was written.
  private(set) var asksForDates = false

  /// Starts the process. Fails if the folder has no template.
  ///
  /// - Parameters:
  ///   - path: a checkpoint's folder, or a file with a template.
  ///   - variables: what the template is given besides the messages.
  /// - Throws: `.data` for a template that can't be read; `.notFound` without Python or Jinja.
  init?(
    _ path: String, variables: [JSONMember], plugins: PluginSettings
  ) throws(FulcrumError) {
    let interpreter = plugins.interpreter
    let folder = FileManager.default.currentDirectoryPath
    guard ExecutableFile.find(interpreter, seenFrom: folder) != nil else {
      throw FulcrumError(
        .notFound,
        "expected a Python interpreter to run the chat template, found none at '\(interpreter)'",
        at: "chat.template",
        hint: "install Python 3.10 or newer with jinja2; or name a markup: chatml or llama-3")
    }
    guard FileSystem.exists(path) else {
      throw FulcrumError(
        .notFound, "expected a file or folder with a chat template, found none at '\(path)'",
        at: "chat.template", hint: "relative paths start at the working folder")
    }
    var description = WiredProgram.Description(
      name: "the chat template's process", location: "chat.template",
      command: [interpreter, "-m", Self.module, path])
    description.environment = PythonFolders.environment(
      from: PluginSearchPath.folderOfThisExecutable)
    description.startLimit = .seconds(plugins.pythonStartLimit)
    description.callLimit = .seconds(plugins.pythonTimeLimit)
    description.limitNames = ("python-start-limit", "python-time-limit")
    program = try WiredProgram(description)
    let opened = try program.call("open", ([JSONMember("variables", .object(variables))], []))
    guard opened["has"]?.bool == true else { return nil }
  }

  /// Returns a conversation's text.
  ///
  /// - Throws: `.data` if the template refuses the messages.
  func text(of messages: [ChatMessage]) throws(FulcrumError) -> String {
    let conversation = JSONWriter.compact(.array(messages.map(\.json)))
    let reply = try program.call("render", ([], [("text", WireArray(text: conversation))]))
    if reply["dates"]?.integer ?? 0 > 0 { asksForDates = true }
    return try program.sound("render") { () throws(WireFault) in try reply.array("text").text() }
  }
}
