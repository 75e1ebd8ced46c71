import Foundation
import FulcrumKernel
import Testing
import TransformerPlugin

/// Conversations by the template of a checkpoint.
struct ChatTemplateRenderingTests {
  private let conversation = [ChatMessage(.system, "Be brief."), ChatMessage(.user, "2 + 2?")]
  private let expected =
    "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n2 + 2?<|im_end|>\n"
    + "<|im_start|>assistant\n"

  @Test func `a fresh policy and its checkpoint write the same`() throws {
    let policy = try Fixtures.smallPolicy()
    #expect(try policy.render(conversation) == expected)
    try Fixtures.withTemporaryFolder { folder in
      try policy.save(to: folder)
      let again = try Fixtures.policy(["checkpoint": .text(folder)])
      #expect(try again.render(conversation) == expected)
      // A file of its own comes before the key.
      try Data("{{ messages }}".utf8).write(
        to: URL(fileURLWithPath: folder + "/chat_template.jinja"))
      #expect(try Fixtures.policy(["checkpoint": .text(folder)]).render(conversation) == nil)
      for name in ["chat_template.jinja", "tokenizer_config.json"] {
        try FileManager.default.removeItem(atPath: folder + "/" + name)
      }
      #expect(try Fixtures.policy(["checkpoint": .text(folder)]).render(conversation) == nil)
      try Data("{".utf8).write(to: URL(fileURLWithPath: folder + "/tokenizer_config.json"))
      #expect(try Fixtures.policy(["checkpoint": .text(folder)]).render(conversation) == nil)
    }
  }

  @Test func `without a model there is no template`() throws {
    let error = #expect(throws: FulcrumError.self) {
      try Fixtures.policy([:]).render(conversation)
    }
    #expect(error?.message == "the policy has no model yet")
  }
}
