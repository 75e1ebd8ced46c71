import Charts
import Foundation
import Report
import Testing

/// What `microscope.json` holds, on pages.
@Suite struct MicroscopePageTests {
  private static let fixture = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Fixtures/microscope.json").path

  private func page(_ record: String) throws -> Page {
    let folder = try RunFolder()
    try folder.write(record, to: "microscope.json")
    return try Page.report(of: try RunRecord(folder.path))
  }

  private static let own = [
    "microscope-a", "microscope-histogram", "microscope-b", "microscope-c", "microscope-d",
    "microscope-e", "microscope-f", "microscope-positive", "microscope-negative",
    "microscope-correct", "interventions-moved", "interventions-along", "bounds",
    "layers-constancy", "layers-intervals", "layers-parts", "layers-pull-embedding",
    "layers-pull-layer-3", "layers-pull-layer-5", "words-correlation", "words-reward",
    "words-frequency",
  ]

  @Test func `all of a record is drawn, with words for those who don't see it`() throws {
    let page = try page(try String(contentsOfFile: Self.fixture, encoding: .utf8))
    #expect(Array(page.charts.map(\.id).suffix(Self.own.count)) == Self.own)
    let reader = try PageReader.read(page.text)
    #expect(reader.elements["desc"] == page.charts.count)
    // Interventions and bounds, layers, words, configuration.
    #expect(reader.elements["details"] == 4)
    #expect(page.text.components(separatedBy: "class=\"cell ").count == 2 * 16 + 1)
    #expect(page.text.components(separatedBy: "class=\"number on-").count == 2 * 16 + 1)
    for chart in page.charts {
      #expect(!chart.caption.isEmpty, "\(chart.id)")
      #expect(!chart.title.isEmpty, "\(chart.id)")
      #expect(!chart.document.contains("var("), "\(chart.id)")
      #expect(chart.document.contains("Along x: "), "\(chart.id)")
    }
    #expect(!page.text.contains("\"nan\"") && !page.text.contains("\"inf\""))
  }

  @Test func `a record without the newer parts draws what it has`() throws {
    let page = try page(#"{"intervals": ["0.00-0.25", "0.25-0.50"], "bounds": {"violations": 2}}"#)
    #expect(page.charts.map(\.id).filter(Self.own.contains).isEmpty)
    #expect(page.text.contains("<td>violations</td><td class=\"number\">2</td>"))
  }

  @Test func `a part in which nothing was found is no empty chart`() throws {
    let page = try page(
      """
      {"intervals": ["low", "high"], "interventions": [[0, 1], [2, null]],
       "interventions_along": [[null, null], [null, null]],
       "figure3": [{"arm": "a", "positive_rose": [null, null], "negative_fell": [0, null], "correct": [null, null]}]}
      """)
    #expect(
      page.charts.map(\.id).filter(Self.own.contains)
        == ["microscope-negative", "interventions-moved"])
  }

  /// A record of layers: each has the quantiles `spread` around 3.
  private func layers(_ spread: [Double]) -> String {
    let quantiles = "[\(spread.map { "\(3 * $0)" }.joined(separator: ", "))]"
    return """
      {"intervals": ["0.00-0.25", "0.25-0.50"],
       "layers": {"names": ["embedding", "layer 1", "logits"], "tokens": [2, 0], "floor": 0.01,
        "quantiles": [\(quantiles), \(quantiles), [null, null, null, null, null]],
        "by_interval": [[6, null], [3, null], [null, null]], "explained": [0.25, null, 1]}}
      """
  }

  @Test func `a token is a dot, beside what a constant would make of it`() throws {
    let page = try page(
      """
      {"intervals": ["0.00-0.25", "0.25-0.50"],
       "layers": {"names": ["embedding", "layer 1", "logits"], "floor": 0.5,
        "quantiles": [[1, 2, 10, 20, 100], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1]],
        "sampled": {"layers": ["embedding"], "probability": [0, 0.5, 0.25], "norm": [[10, 1, null]]}}}
      """)
    let chart = try #require(page.charts.first { $0.id == "layers-pull-embedding" })
    #expect(chart.title == "Fig. 2: pull at the embedding")
    let text = chart.document
    #expect(text.contains("3 dots."))
    // Two tokens have a number; the curve of the median ends at C (1 − π) = 10 · 0.5.
    let dots = try #require(text.firstMatch(of: /class="dots s0" d="([^"]*)"/)?.1)
    #expect(dots.components(separatedBy: "h0").count == 3)
    #expect(text.contains("from 10 at 0 to 5 at 0.5, lowest 5, highest 10."))
    #expect(text.components(separatedBy: "<polyline").count == 4)
  }

  @Test func `quantiles far apart are on a logarithmic axis, others are not`() throws {
    let near = try page(layers([0.5, 0.9, 1, 1.5, 2]))
    let chart = try #require(near.charts.first { $0.id == "layers-constancy" })
    #expect(!near.text.contains("logarithmic"))
    // Two layers of three have boxes, whose medians are 1 by definition.
    let text = chart.document
    #expect(text.components(separatedBy: "class=\"box s0\"").count == 3)
    #expect(text.contains("Medians: embedding 1, 1 1, logits –."))
    #expect(chart.caption.contains("tokens looked at with 1 − π ≥ 0.01."))
    let lines = try #require(near.charts.first { $0.id == "layers-intervals" })
    #expect(lines.document.contains("0.00–0.25: from 2 at embedding to 1 at 1"))
    let far = try page(layers([0.1, 0.9, 1, 1.5, 2.5]))
    #expect(far.text.contains("ratio over the layer’s median, logarithmic"))
  }

  private func run(_ name: String, alpha: String = "0.3", share: Double, rose: Double) throws
    -> RunFolder
  {
    let folder = try RunFolder(name, alpha: alpha)
    try folder.write(
      """
      {"intervals": ["low", "high"], "figure1": {"a": {"share": [\(share), \(1 - share)]},
        "d": {"norm": [\(share), null]}},
       "figure3": [
        {"arm": "mine", "positive_rose": [\(rose), null], "negative_fell": [1, 1], "correct": [1, 1]},
        {"arm": "plain", "positive_rose": [0, 0], "negative_fell": [0, 0], "correct": [0, 0]}],
       "figure5": {"categories": ["try", "answer"], "words": "w.yaml", "unit": "per 1000 words", "arms": [
        {"arm": "at start", "frequency": [99, 99]}, {"arm": "as trained", "frequency": [\(100 * share), 5]}]}}
      """, to: "microscope.json")
    return folder
  }

  @Test func `a comparison shows means over an arm's runs, with their names`() throws {
    let folders = [
      try run("a1", share: 0.25, rose: 0.5), try run("a2", share: 0.5, rose: 0.75),
      try run("b1", alpha: "0.1", share: 0.125, rose: 1), try RunFolder("b2", alpha: "0.1"),
    ]
    let page = Page.comparison(of: try folders.map { try RunRecord($0.path) })
    let charts = page.charts.suffix(6)
    #expect(
      charts.map(\.id) == [
        "microscope-a", "microscope-d", "microscope-positive", "microscope-negative",
        "microscope-correct", "words-frequency",
      ])
    let texts = charts.map(\.document)
    #expect(texts[0].contains("advantage[1].alpha 0.3: low 0.375, high 0.625."))
    #expect(texts[0].contains("<title>0.375 (0.25 to 0.5)</title>"))
    #expect(texts[1].contains("advantage[1].alpha 0.1: low 0.125, high –."))
    #expect(texts[2].contains("advantage[1].alpha 0.3: low 0.625, high –."))
    #expect(texts[5].contains("advantage[1].alpha 0.3: try 37.5, answer 5."))
    for chart in charts {
      #expect(
        chart.caption.contains(
          "Runs: advantage[1].alpha 0.3: a1, a2; advantage[1].alpha 0.1: b1."), "\(chart.id)")
    }
    let none = Page.comparison(
      of: try [folders[3], try RunFolder("c")].map { try RunRecord($0.path) })
    #expect(none.charts.allSatisfy { !Self.own.contains($0.id) })
  }
}
