import FulcrumKernel
import MathRewardPlugin
import Testing

/// Tests hostile texts of a policy: none of them may throw, trap or take long.
@Suite struct HostileTextTests {
  private static let pieces = [
    "\\boxed{", "\\fbox{", "{", "}", "\\{", "\\}", "\\frac", "\\dfrac", "\\text{", "\\left(", "(",
    ")", "[", "]", ",", ", ", "\\,", "\\!", "\\", "$", "%", "\\%", "^", "^\\circ", "-", "+", ".",
    "/", "=", "0", "7", "12", "000", "x", "cm", " ", "\n", "\u{0}", "é", "\u{301}", "🧮", "</think>",
    "\u{2212}", "\\right.", "~", "°",
  ]

  @Test(arguments: 1...4 as ClosedRange<UInt64>)
  func `random pieces of LaTeX get a verdict, and are equal to themselves`(seed: UInt64) throws {
    var random = TestRandom(state: seed)
    var correct = 0
    for _ in 0..<10_000 {
      let count = Int.random(in: 0...24, using: &random)
      let text = (0..<count).map { _ in Self.pieces.randomElement(using: &random) ?? "" }.joined()
      _ = try outcome(of: text, truth: "\\frac{1}{2}")
      let boxed = "\\boxed{\(text)}"
      // Text that is no usable truth is refused, and then there is nothing to compare.
      guard let itself = try? outcome(of: boxed, truth: boxed) else { continue }
      #expect(itself == .correct || itself == .unparseable, "\(text)")
      if itself == .correct { correct += 1 }
    }
    #expect(correct > 1000)
  }

  @Test(arguments: 1...2 as ClosedRange<UInt64>)
  func `random bytes get a verdict`(seed: UInt64) throws {
    var random = TestRandom(state: seed)
    for _ in 0..<5000 {
      let bytes = (0..<Int.random(in: 0...200, using: &random)).map { _ in
        UInt8.random(in: 0...255, using: &random)
      }
      let text = String(decoding: bytes, as: UTF8.self)
      #expect(try outcome(of: text, truth: "5") == .unparseable)
      _ = try outcome(of: "\\boxed{\(text)}", truth: "5")
    }
  }

  /// Texts of a million characters or so that would catch a quadratic step or a recursion.
  private static let huge: [(String, String)] = {
    let count = 200_000
    func times(_ text: String, _ factor: Int = count) -> String {
      String(repeating: text, count: factor)
    }
    let sets = (0..<100).map { "\\{\($0),\($0 + 1)\\}" }.joined(separator: ",")
    return [
      ("open boxes", times("\\boxed{")), ("boxes without braces", times("\\boxed ")),
      ("backslashes", "\\boxed{" + times("\\") + "}"),
      ("braces", "\\boxed" + times("{") + times("}")),
      ("brackets", "\\boxed{" + times("(") + times(")") + "}"),
      ("nested lists", "\\boxed{" + times("(1,") + "2" + times(")") + "}"),
      ("texts", "\\boxed{" + times("\\text{") + times("}") + "}"),
      ("digits", "\\boxed{" + times("9") + "}"), ("thousands", "\\boxed{1" + times(",000") + "}"),
      ("commas", "\\boxed{" + times(",") + "}"), ("dots", "\\boxed{" + times(".") + "}"),
      ("ones", "\\boxed{" + times("1, ") + "1}"),
      ("fractions", "\\boxed{" + times("\\frac{1}") + "}"),
      ("degrees", "\\boxed{" + times("^\\circ") + "}"),
      ("letters", "\\boxed{5" + times("s") + "}"), ("a name", "\\boxed{\\" + times("a") + "}"),
      ("equals signs", "\\boxed{x" + times("=5") + "}"), ("sets of sets", "\\boxed{\\{\(sets)\\}}"),
      ("thoughts", times("</think>")), ("half thoughts", times("</thin")),
    ]
  }()

  @Test func `huge texts take no more than a moment`() throws {
    let clock = ContinuousClock()
    for (name, text) in Self.huge {
      for truth in ["5", "\\{1,2\\}", "(1,2)", text] {
        let time = clock.measure { _ = try? outcome(of: text, truth: truth) }
        // Each takes some tenths of a second; a quadratic step would take hours. The margin is for
        // a machine that is busy.
        #expect(time < .seconds(20), "\(name): \(time)")
      }
    }
  }

  @Test func `a long wrong set beside the longest truth takes no more than a moment`() throws {
    // As many elements and digits as are compared in any order, none of them equal.
    func set(_ last: Int) -> String {
      let digits = String(repeating: "7", count: 990)
      return "\\{" + (100..<200).map { "\(digits)\($0)/\(last)" }.joined(separator: ",") + "\\}"
    }
    let clock = ContinuousClock()
    let time = try clock.measure {
      let (wrong, right) = (try accepts(set(3), as: set(7)), try accepts(set(3), as: set(3)))
      #expect(!wrong)
      #expect(right)
    }
    #expect(time < .seconds(20))
  }
}
