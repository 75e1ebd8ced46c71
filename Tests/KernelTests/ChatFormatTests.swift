import FulcrumKernel
import Testing

@Suite struct ChatFormatTests {
  private let messages = [
    ChatMessage(.system, "Be brief."), ChatMessage(.user, "Hello\n"),
    ChatMessage(.assistant, "Hi!"), ChatMessage(.user, "Who?"),
  ]

  @Test func `ChatML puts each turn between its marks`() {
    #expect(
      ChatFormat.chatML.prompt(messages)
        == "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHello\n<|im_end|>\n"
        + "<|im_start|>assistant\nHi!<|im_end|>\n<|im_start|>user\nWho?<|im_end|>\n"
        + "<|im_start|>assistant\n")
    #expect(ChatFormat.chatML.prompt([]) == "<|im_start|>assistant\n")
  }

  @Test func `Llama 3's markup begins the text and names each role in a header`() {
    #expect(
      ChatFormat.llama3.prompt(messages)
        == "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>"
        + "<|start_header_id|>user<|end_header_id|>\n\nHello\n<|eot_id|>"
        + "<|start_header_id|>assistant<|end_header_id|>\n\nHi!<|eot_id|>"
        + "<|start_header_id|>user<|end_header_id|>\n\nWho?<|eot_id|>"
        + "<|start_header_id|>assistant<|end_header_id|>\n\n")
  }

  @Test func `formats have the names that commands take`() {
    #expect(ChatFormat.allCases.map(\.rawValue) == ["chatml", "llama-3"])
  }
}
