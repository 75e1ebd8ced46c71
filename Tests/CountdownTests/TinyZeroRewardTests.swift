import CountdownPlugin
import FulcrumKernel
import TestSupport
import Testing

private struct GoldenScores: Decodable {
  struct Case: Decodable {
    let prompt: String
    let response: String
    let numbers: [Int]
    let target: Int
    let score: Double
  }

  let cases: [Case]
}

@Test func `TinyZero's own function gives the same scores`() throws {
  let cases = try GoldenFile.read(GoldenScores.self, "countdown").cases
  #expect(cases.count > 400)
  for row in cases {
    let answer = Puzzle(numbers: row.numbers, target: row.target).answer
    let got = try score(
      row.response, prompt: row.prompt, answer: answer, ["rule": .text("tinyzero")])
    #expect(got.value == row.score, "\(row.response.debugDescription)")
    // The parts add up to the total, but for the last bit of 0.1 + 0.9.
    #expect(abs(got.parts.reduce(0) { $0 + $1.value } - row.score) < 1e-15)
  }
}

@Test func `the cases have outcomes of their own`() throws {
  let answer = #"{"target":20,"numbers":[17,3]}"#
  let prompt = "Assistant: <think>"
  let cases: [(String, Double, RewardOutcome)] = [
    ("</think>\n<answer>17 + 3</answer>", 1, .correct),
    ("</think>\n<answer>17 - 3</answer>", 0.1, .wrong),
    ("</think>\n<answer>17 + 3 + 0</answer>", 0.1, .wrong),
    ("</think>\n<answer>17 plus 3</answer>", 0.1, .unparseable),
    ("</think>\n<answer>17 + 3", 0, .badFormat),
    ("17 + 3", 0, .badFormat),
  ]
  for (completion, value, outcome) in cases {
    let score = try score(completion, prompt: prompt, answer: answer)
    #expect(score.value == value)
    #expect(score.outcome == outcome)
    #expect(score.parts.map(\.name) == ["format", "answer"])
  }
}

@Test(
  arguments: [
    ("2**62 + (2**62 - 1)", .whole(.max)),
    ("2**63", nil),
    ("9**9**9", nil),
    ("1**9**9", .whole(1)),
    ("(0-1)**9", .whole(-1)),
    ("7 / 2", .real(3.5)),
    ("4 / 2", .real(2)),
    ("-7 // 2", .whole(-4)),
    ("7 // 2.", .real(3)),
    ("7 // 0.", nil),
    ("2 ** -2", .real(0.25)),
    ("9. ** 999", nil),
    ("- - 2", .whole(2)),
    ("1\n+1", nil),
    ("(1\n+1)", .whole(2)),
    (String(repeating: "(", count: 200) + "1" + String(repeating: ")", count: 200), .whole(1)),
    (String(repeating: "(", count: 201) + "1" + String(repeating: ")", count: 201), nil),
    (String(repeating: "1**", count: 300) + "1", nil),
    (String(repeating: "-", count: 100_000) + "1", .whole(1)),
    ("", nil), (" ", nil), (".", nil), ("+", nil), ("1 1", nil), ("1)", nil), ("(1", nil),
  ] as [(String, PythonEquation.Value?)])
func `an equation has Python's value or none`(_ text: String, _ value: PythonEquation.Value?) {
  #expect(PythonEquation.value(of: text) == value)
}

@Test func `any text of an equation's signs has a value or none`() {
  let pieces = [
    "1", "20", "0", ".", "+", "-", "*", "**", "/", "//", "(", ")", " ", "\n", "\u{301}",
  ]
  var random = stream(1)
  for _ in 0..<20_000 {
    let length = Int.random(in: 0..<24, using: &random)
    let text = (0..<length).map { _ in pieces[Int.random(in: pieces.indices, using: &random)] }
      .joined()
    _ = PythonEquation.value(of: text)
    _ = PythonEquation.numbers(in: text)
  }
}

@Test func `only whole runs of digits are numbers`() {
  #expect(PythonEquation.numbers(in: "(17*3.5)+007") == [17, 3, 5, 7])
  #expect(PythonEquation.numbers(in: "") == [])
  #expect(PythonEquation.numbers(in: "99999999999999999999") == nil)
  #expect(PythonEquation.numbers(in: "1 + \u{661}") == nil)
}
