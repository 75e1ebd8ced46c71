import FulcrumKernel
import JSON
import Runs
import Testing
import Training

/// Intervals of items that are one puzzle in other words.
@Suite struct FormTallyTests {
  private func tally(_ groups: [(form: String?, correct: Int, count: Int)]) -> FormTally {
    var tally = FormTally()
    for group in groups {
      for number in 0..<group.count {
        var item = TaskItem(id: "", prompt: "", answer: "", category: "")
        item.form = group.form
        tally.add(item, isCorrect: number < group.correct)
      }
    }
    return tally
  }

  @Test func `three forms of unequal accuracy are worth less than their items`() throws {
    // p = 6/12. Σ (correct − p · 4)² = 4 + 0 + 4, so the variance is 3/2 · 8 / 144 = 1/12, and
    // p (1 − p) over it 3. Student's t for two degrees of freedom is 4.302653.
    let tally = tally([("a", 4, 4), ("b", 2, 4), ("c", 0, 4)])
    let narrowing = 1.959964 / 4.302653
    #expect(tally.forms == 3)
    // The constants have seven digits.
    #expect(abs(try #require(tally.effectiveCount) - 3 * narrowing * narrowing) < 1e-6)
  }

  @Test func `items of no form are forms of their own`() throws {
    #expect(tally([(nil, 3, 9)]).effectiveCount == nil)
    #expect(tally([("a", 1, 1), ("b", 0, 1), (nil, 1, 2)]).effectiveCount == nil)
    // p = 4/8, Σ = (4 − 2)² + (0 − 3/2)² + (0 − 1/2)² = 13/2; the variance is 3/2 · 13/2 / 64, and 1/4
    // over it 64/39.
    let mixed = tally([("a", 4, 4), ("b", 0, 3), (nil, 0, 1)])
    let narrowing = 1.959964 / 4.302653
    #expect(abs(try #require(mixed.effectiveCount) - 64.0 / 39 * narrowing * narrowing) < 1e-6)
  }

  @Test func `fewer right or wrong answers than forms are worth as many as there are forms`() {
    #expect(tally([("a", 1, 50), ("b", 0, 50)]).effectiveCount == 2)
    #expect(tally([("a", 50, 50), ("b", 49, 50)]).effectiveCount == 2)
    #expect(tally([("a", 50, 50), ("b", 50, 50)]).effectiveCount == 2)
    #expect(tally([("a", 0, 50), ("b", 0, 50), ("c", 0, 9)]).effectiveCount == 3)
    #expect(tally([("a", 7, 50)]).effectiveCount == 1)
  }

  @Test func `forms that don't differ take nothing away`() {
    let even = tally((0..<40).map { ("\($0)", 5, 10) })
    #expect(even.effectiveCount == 400)
  }

  @Test func `Student's points are those of tables`() {
    // The 97.5 % points of any table; the expansion's own error falls with the freedom.
    let table: [(freedom: Double, point: Double, error: Double)] = [
      (1, 12.706205, 1e-6), (2, 4.302653, 1e-6), (3, 3.182446, 5e-3), (4, 2.776445, 1e-3),
      (7, 2.364624, 1e-4), (30, 2.042272, 1e-6),
    ]
    for (freedom, point, error) in table {
      #expect(abs(FormTally.studentPoint(freedom: freedom) - point) < error, "\(freedom)")
    }
  }

  @Test func `a row's interval is that of what its items are worth, and is read back`() throws {
    let row = Evaluation.Row(
      category: "2 people", correct: 200, count: 400, forms: 8, effectiveCount: 20)
    #expect(row.interval == Statistics.wilson(successes: 10, count: 20))
    let evaluation = Evaluation(rows: [row])
    let text = evaluation.line(step: 3).text
    #expect(text.contains(#""correct": 200, "count": 400, "forms": 8, "#))
    #expect(text.contains(#""effective_count": 20"#))
    let record = try JSONRecord.decode(EvaluationRecord.self, from: Array(text.utf8))
    #expect(record == EvaluationRecord(step: 3, evaluation: evaluation))
    #expect(
      EvaluationTable.text([("after", evaluation)]).contains("2 people   400 in 8 forms   50.0 %"))
  }
}
