import FulcrumKernel
import PolicyTestSupport
import Runs
import Settings
import Testing
import YAML

@Suite struct ConversationWriterTests {
  private func writer(_ chat: String, python: String? = nil) throws -> ConversationWriter {
    let tree = try ConfigurationTree(text: "chat: \(chat)", file: "run.yaml")
    return ConversationWriter(
      try RunConfiguration(tree: tree).chat, policy: try BigramPolicy(), checkpoint: nil,
      plugins: PluginSettings(python: python))
  }

  private let asked = [ChatMessage(.user, "6 × 7?")]

  @Test func `a markup's name writes conversations in it`() throws {
    let (prompt, messages) = try writer("{template: chatml}").write(asked)
    #expect(prompt == "<|im_start|>user\n6 × 7?<|im_end|>\n<|im_start|>assistant\n")
    #expect(messages == asked)
    let turns = asked + [ChatMessage(.assistant, "42"), ChatMessage(.user, "Sure?")]
    #expect(try writer("{template: plain}").write(turns).prompt == "6 × 7?\n\n42\n\nSure?")
  }

  @Test func `the system message is that of conversations without one`() throws {
    let writer = try writer("{template: plain, system: Be brief.}")
    let (prompt, messages) = try writer.write(asked)
    #expect(prompt == "Be brief.\n\n6 × 7?")
    #expect(messages == [ChatMessage(.system, "Be brief.")] + asked)
    let own = [ChatMessage(.system, "Be long.")] + asked
    #expect(try writer.write(own).messages == own)
  }

  @Test func `a policy without a template needs a markup's name`() throws {
    let error = #expect(throws: FulcrumError.self) { try writer("{}").write(asked) }
    #expect(error?.code == .configuration)
    #expect(
      error?.description == """
        chat.template: expected a chat template for prompts that are messages, got a policy without a\
         checkpoint
          hint: name a markup (chatml, llama-3 or plain), or a file with a Jinja template
        """)
  }

  @Test func `a template's file and an interpreter must be there`() throws {
    let file = #expect(throws: FulcrumError.self) {
      try writer("{template: ./none.jinja}", python: "/bin/sh").write(asked)
    }
    #expect(
      file?.description == """
        chat.template: expected a file or folder with a chat template, found none at './none.jinja'
          hint: relative paths start at the working folder
        """)
    let python = #expect(throws: FulcrumError.self) {
      try writer("{template: ./none.jinja}", python: "no-such-python").write(asked)
    }
    #expect(
      python?.description == """
        chat.template: expected a Python interpreter to run the chat template, found none at\
         'no-such-python'
          hint: install Python 3.10 or newer with jinja2; or name a markup: chatml or llama-3
        """)
  }
}
