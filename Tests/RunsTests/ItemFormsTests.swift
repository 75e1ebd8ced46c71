import FulcrumKernel
import JSON
import Runs
import Testing
import Training

/// Intervals of items that are one puzzle in other words.
@Suite struct ItemFormsTests {
  /// The effective count of groups of items, each of one form; items without a form are each alone.
  private func effectiveCount(_ groups: [(form: String?, correct: Int, count: Int)]) -> Double? {
    var forms = ItemForms()
    var values: [Double] = []
    for group in groups {
      for number in 0..<group.count {
        var item = TaskItem(id: "", prompt: "", answer: "", category: "")
        item.form = group.form
        forms.add(item)
        values.append(number < group.correct ? 1 : 0)
      }
    }
    guard let clusters = forms.numbersWhereAlike else { return nil }
    return ClusteredShare(values, clusters: clusters, draws: values.count).effectiveCount
  }

  @Test func `three forms of unequal accuracy are worth less than their items`() throws {
    // p = 6/12. Σ (correct − p · 4)² = 4 + 0 + 4, so the variance is 3/2 · 8 / 144 = 1/12; of twelve
    // independent items it would be ¼ / 11. Student's t: 2.200985 for 11, 4.302653 for 2 degrees.
    let count = try #require(effectiveCount([("a", 4, 4), ("b", 2, 4), ("c", 0, 4)]))
    let ratio = 2.200985 / 4.302653
    // The constants have seven digits.
    #expect(abs(count - 12 * 3.0 / 11 * ratio * ratio) < 1e-5)
  }

  @Test func `items of no form are forms of their own`() {
    #expect(effectiveCount([(nil, 3, 9)]) == nil)
    #expect(effectiveCount([("a", 1, 1), ("b", 0, 1), (nil, 1, 2)]) == nil)
    #expect(effectiveCount([("a", 2, 2), (nil, 0, 2)]) != nil)
  }

  @Test func `fewer right or wrong answers than forms are worth as many as there are forms`() {
    #expect(effectiveCount([("a", 1, 50), ("b", 0, 50)]) == 2)
    #expect(effectiveCount([("a", 50, 50), ("b", 49, 50)]) == 2)
    #expect(effectiveCount([("a", 50, 50), ("b", 50, 50)]) == 2)
    #expect(effectiveCount([("a", 0, 50), ("b", 0, 50), ("c", 0, 9)]) == 3)
    #expect(effectiveCount([("a", 7, 50)]) == 1)
  }

  @Test func `forms that don't differ take nothing away`() {
    #expect(effectiveCount((0..<40).map { ("\($0)", 5, 10) }) == 400)
  }

  @Test func `a row's interval is that of what its items are worth, and is read back`() throws {
    let row = Evaluation.Row(
      category: "2 people", counts: .init(correct: 200, count: 400, effectiveCount: 20),
      greedy: .init(correct: 100, count: 400, effectiveCount: 12), forms: 8)
    #expect(row.interval == Statistics.wilson(successes: 10, count: 20))
    let evaluation = Evaluation(rows: [row])
    let text = evaluation.line(step: 3).text
    #expect(text.contains(#""correct": 200, "count": 400, "#))
    #expect(text.contains(#""forms": 8, "effective_count": 20"#))
    let record = try JSONRecord.decode(EvaluationRecord.self, from: Array(text.utf8))
    #expect(record == EvaluationRecord(step: 3, evaluation: evaluation))
    #expect(
      EvaluationTable.text([("after", evaluation)]).contains(
        "2 people   400 in 8 forms   pass@1   50.0 %"))
  }

  @Test func `samples of items of one form are read back with their forms`() throws {
    let samples = SampledItems(
      k: 2, items: [(1, 2), (2, 2), (0, 2)].map { .init(correct: $0.0, count: $0.1) },
      forms: [0, 0, 1])
    let evaluation = Evaluation(rows: [
      .init(category: "a", counts: .init(correct: 3, count: 6), samples: samples, forms: 2)
    ])
    let record = try JSONRecord.decode(
      EvaluationRecord.self, from: Array(evaluation.line(step: 1).text.utf8))
    #expect(record.evaluation == evaluation)
    #expect(samples.passAt1 == ClusteredShare([0.5, 1, 0], clusters: [0, 0, 1], draws: 6))
  }
}
