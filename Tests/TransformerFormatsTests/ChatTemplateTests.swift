import FulcrumKernel
import Testing
import TransformerFormats

/// Conversations by the templates of known checkpoints; what they give is Jinja's own output.
struct ChatTemplateTests {
  private let conversation = [
    ChatMessage(.user, " 2 + 2? "), ChatMessage(.assistant, "4"), ChatMessage(.user, "And 3 + 3?"),
  ]

  private static let chatML =
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content']"
    + " + '<|im_end|>' + '\\n'}}{% endfor %}{% if add_generation_prompt %}"
    + "{{ '<|im_start|>assistant\\n' }}{% endif %}"

  private static func preset(_ message: String) -> String {
    chatML.replacing(
      "{% for message in messages %}",
      with: "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
        + "{{ '<|im_start|>system\\n\(message)<|im_end|>\\n' }}{% endif %}")
  }

  private static let llama3 =
    "{% set loop_messages = messages %}{% for message in loop_messages %}{% set content ="
    + " '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] |"
    + " trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}"
    + "{% endif %}{{ content }}{% endfor %}{% if add_generation_prompt %}"
    + "{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}"

  private static let plain =
    "<|im_start|>user\n 2 + 2? <|im_end|>\n<|im_start|>assistant\n4<|im_end|>\n"
    + "<|im_start|>user\nAnd 3 + 3?<|im_end|>\n<|im_start|>assistant\n"

  /// As written by hand, by transformers, and with line ends in place of escapes.
  @Test(arguments: [
    chatML, chatML.replacing("\\n", with: "\n"),
    chatML.replacing("{{'", with: "{{ '").replacing("'}}", with: "' }}"),
    "{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}"
      + "{% endif %}" + chatML,
  ])
  func `plain ChatML`(_ template: String) throws {
    #expect(try #require(ChatTemplate(template)).render(conversation) == Self.plain)
  }

  @Test func `a message of the template's own stands before a conversation without one`() throws {
    let message = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
    let template = try #require(ChatTemplate(Self.preset(message)))
    #expect(
      template.render(conversation) == "<|im_start|>system\n\(message)<|im_end|>\n" + Self.plain)
    let own = [ChatMessage(.system, "Be brief.")] + conversation
    #expect(template.render(own) == "<|im_start|>system\nBe brief.<|im_end|>\n" + Self.plain)
  }

  @Test func `Llama 3 trims contents`() throws {
    let template = try #require(ChatTemplate(Self.llama3))
    #expect(
      template.render(conversation)
        == "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\n2 + 2?<|eot_id|>"
        + "<|start_header_id|>assistant<|end_header_id|>\n\n4<|eot_id|>"
        + "<|start_header_id|>user<|end_header_id|>\n\nAnd 3 + 3?<|eot_id|>"
        + "<|start_header_id|>assistant<|end_header_id|>\n\n")
    let blank = template.render([ChatMessage(.user, " \n\t")])
    #expect(blank.contains("user<|end_header_id|>\n\n<|eot_id|>"))
  }

  /// A template that differs from a known one in a character is not guessed.
  @Test(arguments: [
    "", "{% for message in messages %}", chatML + " ",
    chatML.replacing("user", with: "human") + "x",
    chatML.replacing("message['content']", with: "message['content'] | trim"),
    llama3.replacing(" | trim", with: ""), preset(""), preset("It's"), preset("{{ date }}"),
    preset("a\\tb"),
  ])
  func `other templates are not known`(_ template: String) {
    #expect(ChatTemplate(template) == nil)
  }
}
