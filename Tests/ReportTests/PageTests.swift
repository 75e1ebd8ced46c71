import Charts
import Foundation
import FulcrumKernel
import Report
import Testing

@Suite struct PageTests {
  @Test func `a run's page is well-formed, with a chart of each metric that it has`() throws {
    let folder = try RunFolder()
    let page = try Page.report(of: try folder.record)
    #expect(
      page.charts.map(\.id) == [
        "reward", "accuracy", "held-out", "shares", "levers", "direction", "direction-steps",
      ])
    let reader = try PageReader.read(page.text)
    #expect(reader.elements["svg"] == 7)
    #expect(reader.elements["script"] == 1)
    #expect(Set(reader.ids).count == reader.ids.count)
    for link in reader.links {
      #expect(link.hasPrefix("#") && reader.ids.contains(String(link.dropFirst())), "\(link)")
    }
    // Wilson's interval of 15 in 20.
    #expect(reader.text.contains("53.1 % to 88.8 %"))
    #expect(reader.text.contains("abc0.3"))
  }

  @Test func `hostile completions stay texts`() throws {
    let folder = try RunFolder()
    let evil = #"</p><script>alert(1)</script><img src=x onerror=alert(2)> \" ' & ]]> \u0000"#
    try folder.write(
      """
      {"step": 6, "id": "\(evil)", "prompt": "\(evil)", "completion": "\(evil)", "answer": "", "reward": null, "outcome": "\(evil)", "tokens": 2, "finished": true, "advantage_mean": null, "token_texts": ["\(evil)", "\\n"], "probability": [0.25, 1], "advantage": [-1.5, 0], "lever": [0.9, null], "weight": [-0.01, 0]}

      """, to: "samples/step-6.jsonl")
    let page = try Page.report(of: try folder.record)
    let reader = try PageReader.read(page.text)
    #expect(reader.elements["script"] == 1)
    #expect(reader.elements["img"] == nil)
    #expect(reader.text.contains("<script>alert(1)</script>"))
    #expect(!page.text.contains("http://") && !page.text.contains("https://"))
    let numbers = try #require(reader.titles.first { $0.contains("probability") })
    #expect(numbers.contains("probability 0.25"))
    #expect(numbers.contains("advantage   −1.5"))
    #expect(numbers.contains("lever       0.9"))
    #expect(numbers.contains("weight      −0.01"))
    #expect(page.text.contains("class=\"t down\" tabindex=\"0\""))
    #expect(page.text.contains("style=\"--p:0.75;--l:0.64;--u:1\""))
  }

  @Test func `a figure is an SVG document without variables or media rules`() throws {
    let folder = try RunFolder()
    for chart in try Page.report(of: try folder.record).charts {
      let text = chart.document
      #expect(!text.contains("var("))
      _ = try PageReader.read(String(text.drop { $0 != "\n" }))
    }
  }

  @Test func `runs that differ in nothing but the seed are one arm`() throws {
    let folders = [
      try RunFolder("a1", seed: 1), try RunFolder("b1", seed: 1, alpha: "0.1"),
      try RunFolder("a2", seed: 5, steps: 6),
    ]
    let runs = try folders.map { try RunRecord($0.path) }
    let arms = Arm.arms(of: runs)
    #expect(arms.map { $0.runs.map(\.name) } == [["a1", "a2"], ["b1"]])
    #expect(arms.map(\.name) == ["advantage[1].alpha 0.3", "advantage[1].alpha 0.1"])
    let page = Page.comparison(of: runs)
    let reader = try PageReader.read(page.text)
    #expect(reader.elements["polygon"] == 2 + 2 + 1)
    // Seeds pooled: 30 of 40.
    #expect(reader.text.contains("30/40"))
    #expect(reader.text.contains("abc0.1"))
  }
}
