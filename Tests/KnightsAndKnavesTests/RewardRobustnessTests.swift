import Foundation
import FulcrumKernel
import KnightsAndKnavesPlugin
import Testing

@Test(.enabled(if: SharedData.isThere))
func `the original reward function's scores are met on every oracle case`() throws {
  let text = try String(contentsOfFile: SharedData.path("reward_oracle.jsonl"), encoding: .utf8)
  let lines = text.split(separator: "\n")
  #expect(lines.count == 150)
  for line in lines {
    let row = try #require(
      JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    let truth = try #require(row["ground_truth"] as? [String: Any])
    let expected = try #require(row["expected_score"] as? NSNumber).doubleValue
    let solution = try #require(row["solution_str"] as? String)
    let answer = truth["solution_text_format"] as? String ?? ""
    #expect(try total(solution, answer: answer) == expected, "\(row["id"] ?? "")")
  }
}

@Test func `arbitrary text gets one of the four totals`() throws {
  let pieces = [
    "Assistant:", "<|im_start|>assistant", "<think>", "</think>", "<answer>", "</answer>", "Tess",
    "is", "a", "knight", "knave", " ", "\r\n", "\0", "\u{301}", "\u{10FFFF}", "\u{200D}", "👩‍👩‍👧",
    "答",
    "<",
  ]
  var random = stream(1)
  for _ in 0..<3000 {
    let length = Int.random(in: 0..<40, using: &random)
    let text = (0..<length).map { _ in
      pieces[Int.random(in: pieces.indices, using: &random)]
    }.joined()
    #expect([3, -0.5, -1, -3].contains(try total(text, answer: "Tess is a knight\n" + text)))
  }
}

@Test func `long texts of repeated pieces take linear time`() throws {
  // A quadratic scan of 100 KB would take 10^10 steps, a minute and more; a linear one takes
  // milliseconds. A second leaves room for a busy machine.
  let answer = "(1) a is a knight\n(2) is is a knave"
  for piece in ["<answer>", "<", "a is ", "a is a ", " ", "knight", "Assistant:", "é\u{301}"] {
    let filler = String(repeating: piece, count: 100_000 / piece.utf8.count)
    let texts = [
      filler, "Assistant:" + filler,
      "Assistant:<think></think><answer>a is a knight is is a\(filler)knave</answer>",
    ]
    for text in texts {
      let duration = try ContinuousClock().measure { _ = try total(text, answer: answer) }
      #expect(duration < .seconds(1), "\(piece)")
    }
  }
}
