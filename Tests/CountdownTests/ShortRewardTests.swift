import CountdownPlugin
import FulcrumKernel
import Testing

private let answer = #"{"target":68,"numbers":[17,17,3]}"#

private struct Example: Sendable, CustomTestStringConvertible {
  let completion: String
  let whole: RewardOutcome
  let first: RewardOutcome
  let attempts: Int

  init(_ completion: String, _ whole: RewardOutcome, first: RewardOutcome, _ attempts: Int) {
    self.completion = completion
    self.whole = whole
    self.first = first
    self.attempts = attempts
  }

  var testDescription: String { completion }
}

private let examples: [Example] = [
  .init(" try17*3=51+17=68/68 done", .correct, first: .correct, 1),
  .init(" try17*3=51+17=68/68 found", .correct, first: .correct, 1),
  .init(" try3*17=51+17=68 yes", .correct, first: .correct, 1),
  .init("17*3=51,17+51=68/68\ndone\n", .correct, first: .correct, 1),
  .init(
    " maybe17+17=34+3=37/68 nope try17*3=51+17=68/68 done", .correct, first: .wrong, 2),
  // It hits and goes on: the last attempt counts.
  .init(
    " try17*3=51+17=68/68 nope try17+17=34+3=37/68 stop", .wrong, first: .wrong, 2),
  .init(
    " try17*3=51+17=68/68 done try17+17=34+3=37/68 done", .wrong, first: .correct, 2),
  .init(" try17+17=34+3=37/68 nope stop", .wrong, first: .wrong, 1),
  .init(" try17+17=34+3=37/68 done", .wrong, first: .wrong, 1),
  .init(" try17+17=34*2=68/68 done", .wrong, first: .wrong, 1),
  .init(" try17*3=50+18=68/68 done", .wrong, first: .wrong, 1),
  .init(" try17*4=68/68 done", .wrong, first: .wrong, 1),
  .init(" try17*3=51+17=68/86 done", .wrong, first: .wrong, 1),
  .init(" try17*3=51+17=68/68 stop", .wrong, first: .wrong, 1),
  .init(" stop", .badFormat, first: .badFormat, 0),
  .init("", .badFormat, first: .badFormat, 0),
  .init(" try17*3=51+17=68/68", .badFormat, first: .badFormat, 1),
  .init(" try17*3=51+17=68/68 hurrah", .badFormat, first: .badFormat, 1),
  .init(" try17*3=51+17=68/68 done stop", .wrong, first: .correct, 1),
  .init(" try17*3=51+17=68/68 done done", .badFormat, first: .correct, 1),
  .init(" try17*3=51+17=68/68 nope", .badFormat, first: .wrong, 1),
  .init(" try17*3=51+17=/68 done", .unparseable, first: .unparseable, 1),
  .init(" try17*3+17=68/68 done", .unparseable, first: .unparseable, 1),
  .init(" try 17 * 3 = 51 done", .unparseable, first: .badFormat, 3),
  .init(" 68 done", .unparseable, first: .unparseable, 1),
  .init(" try17*3=51+17=68/ done", .unparseable, first: .unparseable, 1),
  .init(" try17*3=51+17=68, done", .unparseable, first: .unparseable, 1),
  .init(" try17*3=51+17=68/68/68 done", .unparseable, first: .unparseable, 1),
  .init(" try17*99999999999999999999=1 done", .unparseable, first: .unparseable, 1),
  .init(" hm - well / try17*3=51+17=68/68 done", .correct, first: .correct, 1),
  .init(" try17*3=51+17=68/68\u{301} done", .badFormat, first: .badFormat, 1),
]

@Test(arguments: examples)
private func `completions are judged by the last attempt, or by the first`(_ example: Example)
  throws
{
  let whole = try score(example.completion, answer: answer)
  let first = try score(example.completion, answer: answer, ["attempt": .text("first")])
  #expect(whole.outcome == example.whole)
  #expect(whole.value == (example.whole == .correct ? 1 : 0))
  #expect(first.outcome == example.first)
  #expect(first.value == (example.first == .correct ? 1 : 0))
  for score in [whole, first] {
    #expect(score.parts.map(\.name) == ["first-attempt", "attempts"])
    #expect(
      score.parts.map(\.value) == [example.first == .correct ? 1 : 0, Double(example.attempts)])
  }
}

@Test func `divisions and negative results are read`() throws {
  // (3 - 8) · 4 = -20; -20 / 5 = -4; the slash before the last number repeats the target.
  let answer = #"{"target":-4,"numbers":[8,3,4,5]}"#
  #expect(try score(" or3-8=-5*4=-20/5=-4/-4 done", answer: answer).outcome == .correct)
  #expect(try score(" or8-3=5*4=20,-20/5=-4/-4 done", answer: answer).outcome == .wrong)
  #expect(try score(" or20/5=4/4 done", answer: #"{"target":4,"numbers":[5,20]}"#).value == 1)
  #expect(try score(" or21/5=4/4 done", answer: #"{"target":4,"numbers":[5,21]}"#).value == 0)
}

@Test func `the rule follows the prompt unless it is given`() throws {
  let (short, tagged) = (" try17*3=51+17=68/68 done", "</think>\n<answer>17 * 3 + 17</answer>")
  let header = "Assistant: <think>"
  #expect(try score(short, prompt: "17 17 3 make 68:", answer: answer).value == 1)
  #expect(try score(tagged, prompt: "17 17 3 make 68:", answer: answer).value == 0)
  #expect(try score(short, prompt: header, answer: answer).value == 0)
  #expect(try score(tagged, prompt: header, answer: answer).value == 1)
  #expect(try score(short, prompt: header, answer: answer, ["rule": .text("short")]).value == 1)
}

@Test func `arbitrary text gets 0, 0.1 or 1 and no crash`() throws {
  let pieces = [
    "17", "3", "68", "+", "-", "*", "/", "=", ",", " ", " done", " nope", " try", " stop", "(", ")",
    "Assistant:", "<answer>", "</answer>", "\n", "\r\n", "\0", "\u{301}", "\u{10FFFF}", "\u{200D}",
    "👩‍👩‍👧", "١", "17*3=51+17=68/68",
  ]
  var random = stream(2)
  let rewards = try [
    makeReward(), makeReward(["attempt": .text("first")]), makeReward(["rule": .text("tinyzero")]),
  ]
  for _ in 0..<5000 {
    let length = Int.random(in: 0..<30, using: &random)
    let text = (0..<length).map { _ in pieces[Int.random(in: pieces.indices, using: &random)] }
      .joined()
    for reward in rewards {
      let sample = RewardSample(prompt: "Assistant:", completion: text, answer: answer)
      #expect([0, 0.1, 1].contains(try reward.score(sample).value))
    }
  }
}

@Test func `long texts of repeated pieces take linear time`() throws {
  // A quadratic scan of 100 KB would take 10^10 steps, a minute and more; a linear one takes
  // milliseconds. A second leaves room for a busy machine.
  for piece in ["<answer>", "<", "17*3=51", "1 ", " ", "(", "-", "2**", "é\u{301}", "Assistant:"] {
    let filler = String(repeating: piece, count: 100_000 / piece.utf8.count)
    for text in [filler, " try" + filler + " done", "<answer>" + filler + "</answer>"] {
      for prompt in ["", "Assistant:"] {
        let duration = try ContinuousClock().measure {
          _ = try score(text, prompt: prompt, answer: answer)
        }
        #expect(duration < .seconds(1), "\(piece)")
      }
    }
  }
}

@Test func `what can't be judged is refused before any completion`() throws {
  func fault(
    _ answer: String, prompt: String = "", _ given: [String: ParameterValue] = [:]
  ) -> FulcrumError? {
    failure {
      try makeReward(given).check(TaskItem(id: "", prompt: prompt, answer: answer, category: ""))
    }
  }
  let tinyzero = ["rule": ParameterValue.text("tinyzero")]
  #expect(fault(answer, prompt: "17 17 3 make 68:") == nil)
  #expect(fault(answer, prompt: "Assistant: <think>", tinyzero) == nil)
  #expect(
    fault("72")
      == FulcrumError(
        .data, #"expected an answer like {"target":24,"numbers":[3,8,1]}, got '72'"#,
        hint: "this reward judges Countdown puzzles; name another for another task"))
  #expect(
    fault(answer, prompt: "17 17 3 make 68:", tinyzero)
      == FulcrumError(
        .data,
        "expected 'Assistant:' or '<|im_start|>assistant' in the prompt, got '17 17 3 make 68:'",
        hint: "TinyZero's rule reads what follows it; give the task 'prompt: tinyzero'"))
  #expect(
    failure { _ = try makeReward(["rule": .text("tinyzero"), "attempt": .text("first")]) }
      == FulcrumError(
        .parameter, "expected 'last' under the rule tinyzero, got 'first'", at: "reward.attempt",
        hint: "that rule reads one answer, and no attempts"))
}
