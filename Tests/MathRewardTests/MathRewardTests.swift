import FulcrumKernel
import MathRewardPlugin
import Testing

@Suite struct MathRewardTests {
  @Test func `right, wrong and missing answers have the paper's rewards`() throws {
    let reward = try make()
    func score(_ completion: String) throws -> RewardScore {
      try reward.score(RewardSample(prompt: "2 + 3?", completion: completion, answer: "5"))
    }
    #expect(try score("It is \\boxed{5}.").value == 1)
    #expect(try score("It is \\boxed{5}.").outcome == .correct)
    #expect(try score("It is \\boxed{6}.").value == 0)
    #expect(try score("It is \\boxed{6}.").outcome == .wrong)
    #expect(try score("It is 5.").value == 0)
    #expect(try score("It is 5.").outcome == .unparseable)
    #expect(try score("It is \\boxed{5}.").parts.map(\.name) == ["answer"])
    #expect(try score("It is \\boxed{5}.").parts.map(\.value) == [1])
  }

  @Test func `each outcome's reward can be set`() throws {
    let reward = try make([
      "correct": .number(2), "wrong": .number(-0.5), "no-answer": .number(-1),
    ])
    let completions = ["\\boxed{5}", "\\boxed{6}", "", "\\boxed{}", "\\boxed{5"]
    let samples = completions.map { RewardSample(prompt: "", completion: $0, answer: "5") }
    #expect(try reward.score(samples).map(\.value) == [2, -0.5, -1, -1, -1])
    #expect(try reward.score([RewardSample]()).isEmpty)
  }

  @Test(
    arguments: [
      ("\\boxed{4} no, \\boxed{5}", .correct),
      ("\\boxed{5} no, \\boxed{4}", .wrong),
      ("\\fbox{5}", .correct),
      ("\\boxed {5}", .correct),
      ("\\boxed{{5}}", .correct),
      ("\\boxed{\\boxed{5}}", .correct),
      // The last one decides, closed or not: what comes before it was given up.
      ("\\boxed{5} or \\boxed{4", .unparseable),
      ("\\boxed 5", .correct),
      ("\\boxed5", .correct),
      ("\\boxed\\text{5}", .correct),
      ("\\boxed 55", .unparseable),
      ("\\framebox{5}", .correct),
      ("\\boxed\n{5}", .correct),
      ("boxed{5}", .unparseable),
      ("\\boxed{ }", .unparseable),
      ("\\boxed{.}", .unparseable),
      ("", .unparseable),
      // A command that only begins like a box is none.
      ("\\boxed{5} and \\boxedtext{4}", .correct),
      // What is thought doesn't count once thinking has ended.
      ("\\boxed{4}</think>\\boxed{5}", .correct),
      ("\\boxed{5}</think>It is 5", .unparseable),
      ("</think>\\boxed{5}</think>\\boxed{4}", .wrong),
      ("<think>\\boxed{5}", .correct),
    ] as [(String, RewardOutcome)])
  func `the last box of the response holds the answer`(completion: String, expected: RewardOutcome)
    throws
  {
    #expect(try outcome(of: completion, truth: "5") == expected)
  }

  @Test func `braces nest and escaped ones don't count`() throws {
    #expect(
      try outcome(of: "\\boxed{\\frac{1}{\\frac{2}{3}}} }", truth: "\\frac{1}{\\frac{2}{3}}")
        == .correct)
    #expect(try outcome(of: "\\boxed{\\{1, 2\\}} and more", truth: "\\{1, 2\\}") == .correct)
    #expect(try outcome(of: "\\boxed{\\{1, 2} and more", truth: "\\{1, 2") == .correct)
  }

  @Test func `the right answer may be boxed itself`() throws {
    #expect(try outcome(of: "\\boxed{0.5}", truth: "It is $\\boxed{\\frac12}$.") == .correct)
  }

  @Test func `the right answer may stand behind GSM8K's mark`() throws {
    #expect(try outcome(of: "\\boxed{72}", truth: "24 and 48 are 72.\n#### 72") == .correct)
    #expect(try outcome(of: "\\boxed{24}", truth: "24 and 48 are 72.\n#### 72") == .wrong)
  }

  @Test(arguments: ["", "  ", "$$", "\\boxed{5", "\\boxed{}"])
  func `a right answer that says nothing is refused`(truth: String) {
    let error = #expect(throws: FulcrumError.self) {
      try make().score(RewardSample(prompt: "What?", completion: "\\boxed{5}", answer: truth))
    }
    #expect(error?.code == .data)
    #expect(
      error?.description == """
        expected an answer to grade by, got '\(truth)'
          hint: correct or remove the item whose prompt begins 'What?'
        """)
  }

  @Test func `a reward out of range is refused`() {
    let error = #expect(throws: FulcrumError.self) { try make(["wrong": .number(-2000)]) }
    #expect(
      error?.description == """
        reward.wrong: expected a number in -1000.0...1000.0, got -2000.0
          hint: reward of another answer
        """)
  }

  @Test func `the entry function registers one reward`() {
    let registrar = PluginRegistrar()
    fulcrumPluginMath(Unmanaged.passUnretained(registrar).toOpaque())
    #expect(registrar.pluginName == "math")
    #expect(registrar.pluginVersion == "0.1.0")
    #expect(registrar.components.map(\.kind) == [.reward])
    #expect(registrar.components.map(\.manual.name) == ["math"])
    #expect(registrar.failure == nil)
  }
}
