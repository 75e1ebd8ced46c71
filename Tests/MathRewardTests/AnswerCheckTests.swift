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

  @Test func `a published answer of GSM8K is read behind its mark`() throws {
    #expect(
      try fault("Natalia sold 48/2 = <<48/2=24>>24 clips in May.\nSo 72 clips.\n#### 72") == nil)
    #expect(
      try fault("So 72 clips.\n####")?.message
        == "expected an answer to grade by, got 'So 72 clips.\n####'")
  }

  @Test func `a worked solution without a mark is refused`() throws {
    #expect(
      try fault("First 2 + 2 = 4.\nSo it is 4.\n")
        == FulcrumError(
          .data,
          "expected a final answer to compare boxes with, got a worked solution that ends in"
            + " 'So it is 4.'",
          hint:
            "give the final answer alone, in a \\boxed{}, or behind a mark: a task of JSON lines"
            + " reads what follows one with answer-after: \"MARK\""))
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
