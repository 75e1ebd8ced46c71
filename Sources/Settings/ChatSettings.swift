import FulcrumKernel

/// Holds how conversations become the texts that the policy continues: the section `chat`.
package struct ChatSettings: SettingsSection {
  /// What writes a conversation.
  package enum Template: Sendable, Equatable {
    /// The checkpoint's own.
    case checkpoint
    case format(ChatFormat)
    /// No markup: the contents, with a blank line between.
    case plain
    /// A file with a Jinja template.
    case file(String)
  }

  package static let key = "chat"
  private static let ownTemplate = "checkpoint"
  private static let plain = "plain"
  /// What every template is given.
  private static let reserved: Set = [
    "add_generation_prompt", "checkpoint", "documents", "messages", "tools",
  ]

  package static let schema: [Parameter] = [
    .text(
      "template", default: ownTemplate,
      help:
        "what writes a prompt that is a list of messages: checkpoint (its own template),"
        + " \(ChatFormat.allCases.map(\.rawValue).joined(separator: ", ")), plain (no markup), or a file"
        + " with a Jinja template (with a '/')"),
    .text(
      "system", default: "",
      help: "the system message of conversations that have none; empty: they get none"),
    .flag(
      "wrap-texts", default: false,
      help: "a prompt that is a text becomes a user's message, rather than being continued as it is"
    ),
    .texts(
      "arguments", default: [],
      help: "what the template is given besides, NAME=VALUE, such as enable_thinking=false"),
  ]

  package let template: Template
  /// The system message of conversations that have none; `nil`: they get none.
  package let system: String?
  /// Whether a prompt that is a text becomes a user's message.
  package let wrapsTexts: Bool
  /// What the template is given besides: names and values, as they were written.
  package let arguments: [(name: String, value: String)]

  /// - Parameters:
  ///   - system: the system message of conversations that have none.
  package init(template: Template = .checkpoint, system: String? = nil) {
    self.template = template
    self.system = system
    wrapsTexts = false
    arguments = []
  }

  package init(_ values: Parameters) throws(FulcrumError) {
    let name = try values.text("template")
    if name == Self.ownTemplate {
      template = .checkpoint
    } else if name == Self.plain {
      template = .plain
    } else if let format = ChatFormat(rawValue: name) {
      template = .format(format)
    } else if name.contains("/") {
      template = .file(name)
    } else {
      let names =
        [Self.ownTemplate] + ChatFormat.allCases.map(\.rawValue) + [Self.plain]
      throw values.refuse(
        "template",
        "expected one of \(names.joined(separator: ", ")), or a file's path with a '/', got '\(name)'",
        hint: NearNames.hint(for: name, among: names))
    }
    system = try values.optionalText("system")
    wrapsTexts = try values.flag("wrap-texts")
    var arguments: [(name: String, value: String)] = []
    for text in try values.texts("arguments") {
      guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
        throw values.refuse(
          "arguments", "expected NAME=VALUE, got '\(text)'",
          hint: "such as enable_thinking=false, which Qwen3's template knows")
      }
      let name = String(text[..<equals])
      let isName = name.wholeMatch(of: #/[A-Za-z_][A-Za-z0-9_]*/#) != nil
      guard isName, !Self.reserved.contains(name), !arguments.contains(where: { $0.name == name })
      else {
        throw values.refuse(
          "arguments",
          "expected names of a template's own variables, each once, got '\(name)'",
          hint: "the run itself gives " + Self.reserved.sorted().joined(separator: ", "))
      }
      arguments.append(
        (String(text[..<equals]), String(text[text.index(after: equals)...])))
    }
    self.arguments = arguments
    guard arguments.isEmpty || template == .checkpoint || template.isFile else {
      throw values.refuse(
        "arguments", "expected none with chat.template = \(name), got \(arguments.count)",
        hint: "only templates in Jinja take arguments")
    }
  }
}

extension ChatSettings.Template {
  fileprivate var isFile: Bool { if case .file = self { true } else { false } }
}
