import Charts
import Foundation
import FulcrumKernel
import Report
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

extension PageReader: XMLParserDelegate {
  static func read(_ html: String) throws -> PageReader {
    let reader = PageReader()
    let parser = XMLParser(data: Data(html.replacing("<!DOCTYPE html>\n", with: "").utf8))
    parser.delegate = reader
    let isWhole = parser.parse()
    try #require(isWhole, "line \(parser.lineNumber): \(String(describing: parser.parserError))")
    return reader
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
    qualifiedName: String?, attributes: [String: String] = [:]
  ) {
    note(name, attributes)
  }

  func parser(_ parser: XMLParser, foundCharacters string: String) { add(string) }
}

@Suite struct PageTests {
  @Test func `a run's page is well-formed, with a chart of each metric that it has`() throws {
    let folder = try RunFolder()
    let page = try Page.report(of: try RunRecord(folder.path))
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
    let page = try Page.report(of: try RunRecord(folder.path))
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
    for chart in try Page.report(of: try RunRecord(folder.path)).charts {
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

  @Test func `the microscope's figures are drawn where there are any`() throws {
    let folder = try RunFolder()
    let quantiles = "[[-2, -1, 0, 1, 2], [-2, -1, 0, 1, 2], [-2, -1, 0, 1, 2], [0, 0, 0, 0, 0]]"
    let change = #"{"quantiles": \#(quantiles), "mean_abs": [1, 1, 1, 1], "spread": [0, 0, 0, 0]}"#
    try folder.write(
      """
      {"intervals": ["0.00-0.25", "0.25-0.50", "0.50-0.75", "0.75-1.00"],
       "figure1": {"a": {"share": [0.1, 0.1, 0.1, 0.7], "spread": [0, 0, 0, 0.1], "histogram": [1, 2, 3]},
        "b": {"quantiles": \(quantiles), "mean": [0, 0, 0, 0]}, "c": \(change),
        "d": {"norm": [0.7, 0.3, 0.2, 0.1], "spread": [0, 0, 0, 0], "all": 0.9}, "e": \(change), "f": \(change)},
       "figure3": [{"arm": "plain", "positive_rose": [0.5, 0.6, 0.7, 0.8], "negative_fell": [1, 1, 1, 1], "correct": [1, 1, 1, null], "spread": [0, 0, 0, 0]}],
       "bounds": {"violations": 0, "vocabulary": 362},
       "interventions": [[1, 2, 3, 4], [5, 6, 7, 8], [0, 0, 0, 0], [0, 0, 0, 0.125]]}
      """, to: "microscope.json")
    let page = try Page.report(of: try RunRecord(folder.path))
    let ids = Array(page.charts.map(\.id).suffix(11))
    #expect(
      ids
        == ["a", "histogram", "b", "c", "d", "e", "f", "positive", "negative", "correct"].map {
          "microscope-" + $0
        } + ["interventions-moved"])
    let reader = try PageReader.read(page.text)
    #expect(reader.text.contains("0.125"))
    #expect(reader.text.contains("362"))
  }
}

@Suite struct ReportErrorTests {
  private func fault(_ work: () throws -> Void) throws -> FulcrumError {
    try #require(throws: FulcrumError.self) { try work() }
  }

  @Test func `a folder without a run, or a run without steps, is refused`() throws {
    let folder = try RunFolder()
    try folder.write("", to: "metrics.jsonl")
    let error = try fault { _ = try RunRecord(folder.path) }
    #expect(error.code == .notFound)
    #expect(error.message == "expected at least one step, found none")
    #expect(error.location == folder.path + "/metrics.jsonl")
    let other = try fault { _ = try RunRecord(folder.path + "/samples") }
    #expect(other.message == "expected a run directory, found no run.yaml")
  }

  @Test func `a damaged line is named, an unfinished one is passed over`() throws {
    let folder = try RunFolder()
    try folder.write("{\"step\": 1, \"reward\": 2}\n{\"step\": 2, \"rew", to: "metrics.jsonl")
    #expect(try RunRecord(folder.path).stepCount == 1)
    try folder.write("{\"step\": 1, \"reward\": 2}\n{\"step\"\n", to: "metrics.jsonl")
    let error = try fault { _ = try RunRecord(folder.path) }
    #expect(error.code == .data)
    #expect(error.location == folder.path + "/metrics.jsonl:2")
    #expect(
      error.message == "expected a JSON object as 'fulcrum train' writes it, got something else")
  }

  @Test func `a microscope's file of another form is named with what is missing`() throws {
    let folder = try RunFolder()
    try folder.write("{\"figure1\": {}}", to: "microscope.json")
    let error = try fault { _ = try RunRecord(folder.path) }
    #expect(
      error.message
        == "expected what 'fulcrum microscope' writes, got something else: no 'intervals' in ''")
  }
}
