import FulcrumKernel
import Testing

@Suite struct RewardTests {
  @Test func `a score has a value, or none and a reason`() {
    let scored = RewardScore.scored(-0.5, .wrong, parts: [("format", 0.5), ("answer", -1)])
    #expect(scored.value == -0.5 && scored.outcome == .wrong && scored.reason == nil)
    #expect(scored.parts.map(\.name) == ["format", "answer"])
    let missing = RewardScore.missing(.timeOut, reason: "10 s went by")
    #expect(missing.value == nil && missing.reason == "10 s went by" && missing.parts.isEmpty)
    #expect(RewardOutcome.withoutScore.contains(missing.outcome))
    #expect(!RewardOutcome.standard.contains(missing.outcome))
    #expect(RewardOutcome.refused.rawValue == "refused")
    #expect(RewardOutcome.timeOut.rawValue == "time-out")
  }

  @Test func `a sample has what its item had, or nothing`() {
    let bare = RewardSample(prompt: "p", completion: "c", answer: "a")
    #expect(bare.id.isEmpty && bare.fields.isEmpty && bare.messages.isEmpty && bare.isFinished)
    let item = TaskItem(
      id: "7", prompt: "p", answer: "a", category: "all",
      fields: ["unit": .text("m"), "bounds": .list([.integer(1), .number(2.5), .null])],
      messages: [ChatMessage(.user, "How far?")])
    let full = RewardSample(
      prompt: item.prompt, completion: "c", answer: item.answer, id: item.id, fields: item.fields,
      messages: item.messages)
    #expect(full.id == "7" && full.messages == [ChatMessage(.user, "How far?")])
    #expect(full.fields["bounds"] == .list([.integer(1), .number(2.5), .null]))
  }
}
