import CountdownPlugin
import FulcrumKernel
import Testing

private let puzzle = Puzzle(numbers: [44, 19, 35], target: 98)

@Test func `the short prompt is one line`() {
  #expect(PromptStyle.short.prompt(for: puzzle) == "44 19 35 make 98:")
}

@Test func `TinyZero's prompts are word for word`() {
  let question =
    "Using the numbers [44, 19, 35], create an equation that equals 98. You can use basic arithmetic"
    + " operations (+, -, *, /) and each number can only be used once. Show your work in <think>"
    + " </think> tags. And return the final answer in <answer> </answer> tags, for example <answer>"
    + " (1 + 2) / 3 </answer>."
  #expect(
    PromptStyle.tinyzero.prompt(for: puzzle)
      == "A conversation between User and Assistant. The user asks a question, and the Assistant"
      + " solves it. The assistant first thinks about the reasoning process in the mind and then"
      + " provides the user with the answer.\nUser: \(question)\nAssistant: Let me solve this step by"
      + " step.\n<think>")
  #expect(
    PromptStyle.tinyzeroInstruct.prompt(for: puzzle)
      == "<|im_start|>system\nYou are a helpful assistant. You first thinks about the reasoning"
      + " process in the mind and then provides the user with the answer.<|im_end|>\n<|im_start|>user"
      + "\n \(question)<|im_end|>\n<|im_start|>assistant\nLet me solve this step by step.\n<think>")
}
