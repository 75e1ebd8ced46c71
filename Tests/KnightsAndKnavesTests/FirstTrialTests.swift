import FulcrumKernel
import KnightsAndKnavesPlugin
import Testing

private let answer = "(1) Ann is a knight\n(2) Bob is a knave"

private func firstScore(_ completion: String, prompt: String = "") throws -> RewardScore {
  let parameters = try Parameters(
    ["attempt": .text("first")], for: KnightsAndKnavesReward.manual.parameters, at: "reward")
  let reward = try KnightsAndKnavesReward(parameters, context: ComponentContext())
  return try reward.score(RewardSample(prompt: prompt, completion: completion, answer: answer))
}

@Test(arguments: [
  // Right at first, given up afterwards.
  ("maybe Bob knave, Ann knight\nthen Ann knave, Bob knave", RewardOutcome.correct, 3),
  // Wrong at first, right afterwards.
  ("maybe Ann knave, Bob knave\nthen Ann knight, Bob knave", .wrong, -0.5),
  ("Ann knight, Bob knight: Ann bad\nAnn knight, Bob knave: Ann ok, Bob ok", .wrong, -0.5),
  ("</think><answer>(1) Ann is a knight\n(2) Bob is a knave</answer>", .correct, 3),
  // Somebody gets no role, and letters are no roles.
  ("maybe Ann knight", .unparseable, -1), ("K N: ok ok", .unparseable, -1), ("", .unparseable, -1),
  // A role without a name before it is nobody's: Bob's is the second one.
  ("Ann knight and then a knave, Bob knave", .correct, 3),
  // Another's name, and one in which a name lies, are nobody's.
  ("Annabel knave, Zed knave, Ann knight, Bob knave", .correct, 3),
])
func `the first trial is judged whatever follows`(
  _ completion: String, _ outcome: RewardOutcome, _ value: Double
) throws {
  let score = try firstScore(completion)
  #expect(score.outcome == outcome)
  #expect(score.value == value)
}

@Test(arguments: [
  (" maybe bob Ann so", RewardOutcome.correct), (" maybe ann bob then Ann bob so", .wrong),
  (" maybe Ann", .unparseable), ("Bob Ann is a", .wrong),
])
func `after a terse prompt small letters make a knave`(
  _ completion: String, _ outcome: RewardOutcome
) throws {
  #expect(
    try firstScore(completion, prompt: ">Ann bob>Bob Ann and Bob<|im_end|>").outcome == outcome)
}

@Test func `the answer alone is judged unless told otherwise`() throws {
  let completion = "maybe Ann knave, Bob knave</think><answer>Ann is a knight, Bob is a knave"
  #expect(
    try total(completion + "</answer>", prompt: "<|im_start|>assistant\n<think>", answer: answer)
      == 3)
  #expect(try firstScore(completion).value == -0.5)
}

@Test func `another choice of attempt is refused`() {
  let error = failure {
    _ = try Parameters(
      ["attempt": .text("second")], for: KnightsAndKnavesReward.manual.parameters, at: "reward")
  }
  #expect(error?.message == "expected one of last, first, got second")
}
