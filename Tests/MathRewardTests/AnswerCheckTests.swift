import FulcrumKernel
import MathRewardPlugin
import Testing

/// Answers that no completion can equal are refused before there is one.
@Suite struct AnswerCheckTests {
  private func fault(_ answer: String) throws -> FulcrumError? {
    let item = TaskItem(id: "i", prompt: "How many?", answer: answer, category: "all")
    do {
      try make().check(item)
      return nil
    } catch {
      return error as? FulcrumError
    }
  }

  @Test func `a published answer of GSM8K is a worked solution`() throws {
    let published = "Natalia sold 48/2 = <<48/2=24>>24 clips in May.\nSo 72 clips.\n#### 72"
    #expect(
      try fault(published)
        == FulcrumError(
          .data,
          "expected a final answer to compare boxes with, got a worked solution that ends in '#### 72'",
          hint: "give what follows the last '####' alone: a task of JSON lines does so with"
            + " answer-after: \"####\""))
  }

  @Test func `other solutions in several lines are refused too`() throws {
    #expect(
      try fault("First 2 + 2 = 4.\nSo it is 4.\n")
        == FulcrumError(
          .data,
          "expected a final answer to compare boxes with, got a worked solution that ends in"
            + " 'So it is 4.'", hint: "give the final answer alone, or in a \\boxed{}"))
  }

  @Test func `what scoring refuses is refused before`() throws {
    for answer in ["", " ", "\\boxed{5"] {
      #expect(
        try fault(answer)?.message == "expected an answer to grade by, got '\(answer)'", "\(answer)"
      )
    }
  }

  @Test(arguments: [
    "72", "\n72\n", "\\frac{1}{2}", "(3, 4)", "\\text{Monday}", "x^2 + 3x",
    "\\begin{pmatrix} 1 \\\\\n2 \\end{pmatrix}", "First 2 + 2.\nSo \\boxed{4}.",
  ])
  func `final answers pass`(_ answer: String) throws { #expect(try fault(answer) == nil) }
}
