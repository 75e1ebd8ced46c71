import FulcrumKernel
import JSON
import Settings
import Training

/// Writes conversations as the texts that a policy continues.
///
/// The checkpoint's own template is the policy's affair, if the policy knows it. Any other is run by
/// Python's Jinja in its sandbox, in a process that is started when the first conversation needs it.
package final class ConversationWriter {
  private let settings: ChatSettings
  private let policy: any PolicyModel
  private let checkpoint: String?
  private let plugins: PluginSettings
  private var program: TemplateProgram?
  private var hasWritten = false

  /// - Parameters:
  ///   - checkpoint: the policy's folder, with its template and its special tokens; `nil`: there is none.
  ///   - plugins: says which Python runs templates.
  package init(
    _ settings: ChatSettings, policy: any PolicyModel, checkpoint: String?, plugins: PluginSettings
  ) {
    self.settings = settings
    self.policy = policy
    self.checkpoint = checkpoint
    self.plugins = plugins
  }

  /// Returns a prompt's text and its messages; `nil`: it is a text that stays as it is.
  ///
  /// - Parameters:
  ///   - prompt: a text; empty: `messages` has the prompt.
  ///   - messages: a conversation. With a text beside it, it is the one that the text was written from.
  func written(
    _ prompt: String, _ messages: [ChatMessage]
  ) throws(FulcrumError) -> (prompt: String, messages: [ChatMessage])? {
    if prompt.isEmpty, !messages.isEmpty { return try write(messages) }
    guard settings.wrapsTexts, messages.isEmpty else { return nil }
    return try write([ChatMessage(.user, prompt)])
  }

  /// Returns a conversation's text, ending with the header of the assistant's next turn, and its messages
  /// with the system message of the settings.
  ///
  /// - Throws: `.configuration` without a template; `.data` if the template refuses the messages;
  ///   `.notFound` and `.program` if there is no Python that runs it.
  package func write(
    _ messages: [ChatMessage]
  ) throws(FulcrumError) -> (prompt: String, messages: [ChatMessage]) {
    hasWritten = true
    var messages = messages
    if let system = settings.system, !messages.contains(where: { $0.role == .system }) {
      messages.insert(ChatMessage(.system, system), at: 0)
    }
    return (try text(of: messages), messages)
  }

  /// What is worth knowing of how prompts were written, once they were; `nil`: nothing.
  var note: String? {
    if !hasWritten, settings.system != nil || !settings.arguments.isEmpty {
      let key = settings.system != nil ? "system" : "arguments"
      return
        "chat.\(key) is set, but every prompt is a text that is continued as it is: nothing reads it;"
        + " chat.wrap-texts: true makes such prompts users' messages"
    }
    guard let program, program.asksForDates else { return nil }
    return
      "the chat template writes today's date, so prompts change from day to day, and with them a"
      + " resumed run: give it a date, if it takes one: chat.arguments: [\"date_string=26 Jul 2024\"]"
  }

  private func text(of messages: [ChatMessage]) throws(FulcrumError) -> String {
    switch settings.template {
    case .format(let format): return format.prompt(messages)
    case .plain: return messages.map(\.content).joined(separator: "\n\n")
    case .file(let path): return try template(path).text(of: messages)
    case .checkpoint:
      // Its checkpoint will have ChatML.
      if let fresh = policy as? any FreshPolicy, !fresh.isReady {
        return ChatFormat.chatML.prompt(messages)
      }
      if settings.arguments.isEmpty, let able = policy as? any ChatTemplatePolicy,
        let text = try able.render(messages)
      {
        return text
      }
      guard let checkpoint else { throw Self.missing("a policy without a checkpoint") }
      return try template(checkpoint).text(of: messages)
    }
  }

  private func template(_ path: String) throws(FulcrumError) -> TemplateProgram {
    if let program { return program }
    var variables = settings.arguments.map { JSONMember($0.name, Self.value($0.value)) }
    if case .file = settings.template, let checkpoint {
      variables.append(JSONMember("checkpoint", .string(checkpoint)))
    }
    guard let started = try TemplateProgram(path, variables: variables, plugins: plugins) else {
      throw Self.missing("none in \(path)")
    }
    program = started
    return started
  }

  /// What an argument's text means: JSON if it is any, else itself.
  private static func value(_ text: String) -> JSONValue {
    (try? JSONReader.parse(Array(text.utf8))) ?? .string(text)
  }

  private static func missing(_ got: String) -> FulcrumError {
    FulcrumError(
      .configuration, "expected a chat template for prompts that are messages, got \(got)",
      at: "chat.template",
      hint: "name a markup (chatml, llama-3 or plain), or a file with a Jinja template")
  }
}
