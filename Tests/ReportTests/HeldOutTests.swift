import Charts
import FulcrumKernel
import Report
import Runs
import Testing

/// Held-out accuracy over several samples an item, in a report and in a comparison.
@Suite struct HeldOutTests {
  /// A run with evaluations before and after; of two categories, each with four items.
  private func run(
    _ name: String, seed: Int, alpha: String = "0.3", after correct: [Int]
  ) throws -> RunFolder {
    let folder = try RunFolder(name, seed: seed, alpha: alpha)
    func row(_ correct: [Int]) -> String {
      let sum = correct.reduce(0, +)
      return "{\"correct\": \(sum), \"count\": 8, \"k\": 2, \"item_correct\": \(correct),"
        + " \"item_count\": [2, 2, 2, 2], \"greedy\": {\"correct\": \(sum / 4), \"count\": 4}}"
    }
    try folder.write(
      "{\"step\": 0, \"a\": \(row([0, 0, 0, 1]))}\n"
        + "{\"step\": 6, \"a\": \(row(correct))}\n", to: "evaluations.jsonl")
    return folder
  }

  @Test func `a run's page has pass@1, pass@k and greedy, each with its interval`() throws {
    let page = try Page.report(of: try run("one", seed: 1, after: [1, 2, 0, 1]).record)
    #expect(
      page.charts.map(\.id).filter { $0.hasPrefix("held-out") } == [
        "held-out", "held-out-pass", "held-out-greedy",
      ])
    let reader = try PageReader.read(page.text)
    // ½ is worth 8 draws, as the spread of 0, ½, ½, 1 says; pass@2 is 3 of 4. Of one sample in
    // eight the spread says 8 draws too.
    #expect(
      reader.rows("a").filter { $0.count == 6 } == [
        ["a", "after step 0", "pass@1", "1/8", "12.5 %", "2.2 % to 47.1 %"],
        ["a", "after step 0", "pass@2", "–", "25.0 %", "4.6 % to 69.9 %"],
        ["a", "after step 0", "greedy", "0/4", "0.0 %", "0.0 % to 49.0 %"],
        ["a", "after step 6", "pass@1", "4/8", "50.0 %", "21.5 % to 78.5 %"],
        ["a", "after step 6", "pass@2", "–", "75.0 %", "30.1 % to 95.4 %"],
        ["a", "after step 6", "greedy", "1/4", "25.0 %", "4.6 % to 69.9 %"],
      ])
    let pass = try #require(page.charts.first { $0.id == "held-out-pass" })
    #expect(pass.title == "pass@2 on held-out items")
    #expect(pass.caption.hasSuffix("Whiskers: 95 % interval over items."))
    let greedy = try #require(page.charts.first { $0.id == "held-out-greedy" })
    #expect(greedy.caption.hasSuffix("Whiskers: Wilson’s 95 % interval."))
  }

  @Test func `other rewards, other temperatures and transfer have charts and rows of their own`()
    throws
  {
    let folder = try RunFolder("one", seed: 1)
    func entry(_ correct: Int, _ more: String = "") -> String {
      "{\"correct\": \(correct), \"count\": 4\(more)}"
    }
    let own = entry(
      2,
      ", \"temperatures\": {\"0.6\": \(entry(3))}, \"rewards\": {\"first attempt\": \(entry(1))}")
    try folder.write(
      "{\"step\": 0, \"3 numbers\": \(entry(1)), \"2 numbers\": \(entry(4, ", \"transfer\": true"))}\n"
        + "{\"step\": 6, \"3 numbers\": \(own), \"2 numbers\": \(entry(0, ", \"transfer\": true"))}\n",
      to: "evaluations.jsonl")
    let page = try Page.report(of: try folder.record)
    let charts = page.charts.filter { $0.id.hasPrefix("held-out") }
    #expect(charts.map(\.id) == ["held-out", "held-out-2", "held-out-3"])
    #expect(
      charts.map(\.title) == [
        "Accuracy on held-out items", "Accuracy on held-out items, at temperature 0.6",
        "Accuracy on held-out items, first attempt",
      ])
    let reader = try PageReader.read(page.text)
    #expect(
      reader.rows("3 numbers").filter { $0.count == 6 }.map { Array($0[1...4]) } == [
        ["after step 0", "accuracy", "1/4", "25.0 %"],
        ["after step 6", "accuracy", "2/4", "50.0 %"],
        ["after step 6", "accuracy at 0.6", "3/4", "75.0 %"],
        ["after step 6", "first attempt accuracy", "1/4", "25.0 %"],
      ])
    #expect(
      reader.rows("2 numbers (transfer)").filter { $0.count == 6 }.map { Array($0[1...4]) } == [
        ["after step 0", "accuracy", "4/4", "100.0 %"],
        ["after step 6", "accuracy", "0/4", "0.0 %"],
      ])
  }

  @Test func `a comparison has items' means over seeds, and the arms by each share`() throws {
    let folders = [
      try run("a1", seed: 1, after: [2, 2, 0, 0]), try run("a2", seed: 2, after: [2, 0, 0, 0]),
      try run("b1", seed: 1, alpha: "0.1", after: [1, 1, 0, 0]),
    ]
    let runs = try folders.map { try $0.record }
    let table = ArmStudy(RunSummary.summaries(of: runs)).tables[1].text
    let cells = table.split(separator: "\n").map { line in
      line.split(separator: #/ {2,}/#).map(String.init)
    }
    let wanted = [
      ["pass@1, %", "advantage[1].alpha 0.3", "37.5 (25.0 to 50.0)"],
      ["advantage[1].alpha 0.1", "25.0", "−25.0", "0 of 1", "0.25", "–"],
      ["pass@2, %", "advantage[1].alpha 0.3", "37.5 (25.0 to 50.0)"],
      ["advantage[1].alpha 0.1", "50.0", "0.0", "0 of 1", "0.75", "–"],
      ["greedy, %", "advantage[1].alpha 0.3", "12.5 (0.0 to 25.0)"],
      ["advantage[1].alpha 0.1", "0.0", "−25.0", "0 of 1", "0.25", "–"],
    ]
    #expect(Array(cells[2...7]) == wanted)
    let page = Page.comparison(of: runs)
    let reader = try PageReader.read(page.text)
    // Items' means are 1, ½, 0, 0: worth 16 · (3/8 · 5/8) / (11/16) = 60/11 draws; as many for
    // pass@2.
    let interval = "11.1 % to 74.2 %"
    #expect(
      reader.rows("a").filter { $0.count == 6 && $0[1].hasSuffix("0.3") } == [
        ["a", "advantage[1].alpha 0.3", "pass@1", "6/16", "37.5 %", interval],
        ["a", "advantage[1].alpha 0.3", "pass@2", "–", "37.5 %", interval],
        ["a", "advantage[1].alpha 0.3", "greedy", "1/8", "12.5 %", "2.2 % to 47.1 %"],
      ])
    #expect(page.charts.contains { $0.id == "difference-pass-2" })
    let pass = try #require(page.charts.first { $0.id == "held-out-pass" })
    #expect(pass.caption.hasSuffix("95 % interval over items, of each the mean over seeds."))
  }

  @Test func `arms that differ in their shares are compared by what both have`() throws {
    let sampled = try run("a1", seed: 1, after: [2, 2, 0, 0])
    let plain = try RunFolder("b1", seed: 1, alpha: "0.1")
    let study = ArmStudy(
      RunSummary.summaries(of: [try sampled.record, try plain.record]))
    let rows = study.tables[0].text.split(separator: "\n").map(String.init)
    #expect(rows[1].contains("pass@1, %  pass@2, %  greedy, %  reward"))
    #expect(rows[3].hasPrefix("advantage[1].alpha 0.1     1          –          –          –   "))
  }
}
