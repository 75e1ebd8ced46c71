import FulcrumKernel
import JSON

/// Writes a conversation in a checkpoint's way, which is recognised by the text of its template.
///
/// Templates are programs (Jinja); these are the ones that are known, and no other is run:
/// - ChatML, plain or with a system message of its own before a conversation that has none (SmolLM2,
///   Qwen2);
/// - Llama 3, which trims each message.
package struct ChatTemplate: Sendable, Equatable {
  private let format: ChatFormat
  /// The system message that is put before a conversation that begins without one.
  private let systemMessage: String?
  private let isTrimming: Bool

  /// Recognises a template; `nil` for one that is not known.
  package init?(_ text: String) {
    let text = Self.compact(text)
    let chatML = Self.compact(
      "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}"
        + "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}")
    let loop = Self.compact("{% for message in messages %}")
    let preset = Self.compact(
      "{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\\n")
    let presetEnd = Self.compact("<|im_end|>\\n' }}{% endif %}")
    let llama3 = Self.compact(
      "{% set loop_messages = messages %}{% for message in loop_messages %}"
        + "{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'"
        + " + message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}"
        + "{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}"
        + "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}"
        + "{% endif %}")
    if text == llama3 {
      (format, systemMessage, isTrimming) = (.llama3, nil, true)
    } else if text == loop + chatML {
      (format, systemMessage, isTrimming) = (.chatML, nil, false)
    } else if text.hasPrefix(loop + preset), text.hasSuffix(presetEnd + chatML),
      text.count > (loop + preset + presetEnd + chatML).count
    {
      let message = text.dropFirst((loop + preset).count).dropLast((presetEnd + chatML).count)
      // A quote or a brace would end the text; an escape stands for another character.
      guard !message.contains(where: { "'{}\\".contains($0) }) else { return nil }
      (format, systemMessage, isTrimming) = (.chatML, String(message), false)
    } else {
      return nil
    }
  }

  /// The beginning token that the text starts with, by the template the checkpoint's own; `nil`: none.
  fileprivate var beginToken: String? { format == .llama3 ? "<|begin_of_text|>" : nil }

  /// Returns the conversation's text, ending with the header of the assistant's next turn.
  package func render(_ messages: [ChatMessage]) -> String {
    var turns = messages
    if let systemMessage, messages.first?.role != .system {
      turns.insert(ChatMessage(.system, systemMessage), at: 0)
    }
    if isTrimming { turns = turns.map { ChatMessage($0.role, Self.trimmed($0.content)) } }
    return format.prompt(turns)
  }

  /// Removes differences that mean nothing: blanks around operators, and line ends within texts,
  /// which may be escaped.
  private static func compact(_ text: String) -> String {
    var text = text
    for (some, other) in [
      (
        "{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}"
          + "{% endif %}", ""
      ),
      ("\n", "\\n"), ("{{ ", "{{"), (" }}", "}}"), ("{% ", "{%"), (" %}", "%}"), ("' + ", "'+"),
      (" + '", "+'"), ("'+ ", "'+"),
    ] {
      text = text.replacing(some, with: other)
    }
    return text
  }

  private static func trimmed(_ text: String) -> String {
    let rest = text.drop(while: \.isWhitespace)
    return String(
      rest[
        ..<(rest.lastIndex { !$0.isWhitespace }.map { rest.index(after: $0) }
          ?? rest.startIndex)])
  }
}

extension Tokenizer {
  /// The conversation format that the checkpoint's files name; `nil` without one, or one that is not
  /// known.
  package var chatTemplate: ChatTemplate? {
    guard let template = companions.chatTemplate.flatMap({ ChatTemplate($0) }) else { return nil }
    guard let token = template.beginToken else { return template }
    return companions.beginToken == token ? template : nil
  }
}

extension TokenizerCompanions {
  /// The template's text: a file of its own, or a key of the tokenizer's configuration.
  fileprivate var chatTemplate: String? {
    if let bytes = bytes(of: "chat_template.jinja") {
      return String(decoding: bytes, as: UTF8.self)
    }
    return
      (json("chat_template.json")?["chat_template"]
      ?? json("tokenizer_config.json")?["chat_template"])?.text
  }

  /// The text of the beginning token, if a file names one.
  fileprivate var beginToken: String? {
    let named = ["tokenizer_config.json", "special_tokens_map.json"]
      .compactMap { json($0)?.present("bos_token") }.first
    return named?.text ?? named?["content"]?.text
  }

  /// These files are kept to the byte, and nothing else depends on them, so a damaged one counts as one
  /// that says nothing.
  private func json(_ name: String) -> JSONValue? {
    bytes(of: name).flatMap { try? JSONReader.parse($0, at: name) }
  }
}
