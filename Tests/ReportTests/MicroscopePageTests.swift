import Charts
import Foundation
import Microscope
import Report
import Testing

/// Tests pages with the contents of `microscope.json`.
@Suite struct MicroscopePageTests {
  private func page(_ record: MicroscopeRecord) throws -> Page {
    let folder = try RunFolder()
    try folder.write(record)
    return try Page.report(of: try folder.record)
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
    let page = try page(try RecordExample.measured())
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

  @Test func `a record without layers and words draws the rest`() throws {
    var record = try RecordExample.measured()
    record.layers = nil
    record.figure5 = nil
    let own = Self.own.filter { !$0.hasPrefix("layers") && !$0.hasPrefix("words") }
    #expect(try page(record).charts.map(\.id).filter(Self.own.contains) == own)
  }

  @Test func `a record in which nothing was found has tables alone`() throws {
    var record = try RecordExample.empty()
    record.bounds.violations = 2
    let page = try page(record)
    #expect(page.charts.map(\.id).filter(Self.own.contains).isEmpty)
    #expect(page.text.contains("<td>violations</td><td class=\"number\">2</td>"))
    #expect(!page.text.contains("<td>smallest</td>"))
  }

  @Test func `what was looked at is said, with the updates`() throws {
    #expect(
      try page(try RecordExample.measured()).text.contains(
        "<p class=\"note\">73498 tokens, in 3 batches, of fresh rollouts, at step 60, updates with sgd,"
          + " learning rate 0.001.</p>"))
  }

  @Test func `a part in which nothing was found is no empty chart`() throws {
    var record = try RecordExample.empty()
    record.interventions = [[0, 1], [2, .nan]]
    record.figure3 = [
      try RecordExample.read(
        """
        {"arm": "a", "positive_rose": [null, null], "negative_fell": [0, null],
         "correct": [null, null], "spread": [null, null]}
        """)
    ]
    #expect(
      try page(record).charts.map(\.id).filter(Self.own.contains)
        == ["microscope-negative", "interventions-moved"])
  }

  @Test func `figures are drawn of what was found`() throws {
    var record = try RecordExample.empty()
    record.intervals = ["0.00-0.25", "0.25-0.50", "0.50-0.75", "0.75-1.00"]
    let quantiles = [[Double]](repeating: [-2, -1, 0, 1, 2], count: 3) + [[0, 0, 0, 0, 0]]
    record.figure1.a.share = [0.1, 0.1, 0.1, 0.7]
    record.figure1.a.spread = [0, 0, 0, 0.1]
    record.figure1.a.histogram = [1, 2, 3]
    record.figure1.b.quantiles = quantiles
    record.figure1.c.quantiles = quantiles
    record.figure1.d.norm = [0.7, 0.3, 0.2, 0.1]
    record.figure1.d.all = 0.9
    record.figure1.e.quantiles = quantiles
    record.figure1.f.quantiles = quantiles
    record.figure3 = [
      try RecordExample.read(
        """
        {"arm": "plain", "positive_rose": [0.5, 0.6, 0.7, 0.8], "negative_fell": [1, 1, 1, 1],
         "correct": [1, 1, 1, null], "spread": [0, 0, 0, 0]}
        """)
    ]
    record.bounds.vocabulary = 362
    record.interventions = [[1, 2, 3, 4], [5, 6, 7, 8], [0, 0, 0, 0], [0, 0, 0, 0.125]]
    let page = try page(record)
    #expect(
      page.charts.map(\.id).suffix(11)
        == ["a", "histogram", "b", "c", "d", "e", "f", "positive", "negative", "correct"].map {
          "microscope-" + $0
        } + ["interventions-moved"])
    let reader = try PageReader.read(page.text)
    #expect(reader.rows("vocabulary") == [["vocabulary", "362"]])
    #expect(reader.rows("0.75–1.00").contains(["0.75–1.00", "0", "0", "0", "0.125"]))
  }

  /// A record with layers.
  private func record(_ layers: String) throws -> MicroscopeRecord {
    var record = try RecordExample.empty()
    record.intervals = ["0.00-0.25", "0.25-0.50"]
    record.layers = try RecordExample.read(layers)
    return record
  }

  /// A record of three layers, of which two have the quantiles `spread` around 3.
  private func record(spread: [Double]) throws -> MicroscopeRecord {
    let quantiles = "[\(spread.map { "\(3 * $0)" }.joined(separator: ", "))]"
    return try record(
      """
      {"names": ["embedding", "layer 1", "logits"], "tokens": [2, 0], "floor": 0.01,
       "quantiles": [\(quantiles), \(quantiles), [null, null, null, null, null]],
       "by_interval": [[6, null], [3, null], [null, null]], "variation": [1, 1, null],
       "explained": [0.25, null, 1], "own": [1, 1, 1],
       "sampled": {"layers": [], "probability": [], "norm": []}}
      """)
  }

  @Test func `a token is a dot, beside what a constant would make of it`() throws {
    let page = try page(
      try record(
        """
        {"names": ["embedding", "layer 1", "logits"], "tokens": [2, 1], "floor": 0.5,
         "quantiles": [[1, 2, 10, 20, 100], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1]],
         "by_interval": [[1, 1], [1, 1], [1, 1]], "variation": [1, 1, 1], "explained": [1, 1, 1],
         "own": [1, 1, 1],
         "sampled": {"layers": ["embedding"], "probability": [0, 0.5, 0.25], "norm": [[10, 1, null]]}}
        """))
    let chart = try #require(page.charts.first { $0.id == "layers-pull-embedding" })
    #expect(chart.title == "Fig. 2: pull at the embedding")
    let text = chart.document
    #expect(text.contains("dots: 3."))
    // Two tokens have a number; the curve of the median ends at C (1 − π) = 10 · 0.5.
    let dots = try #require(text.firstMatch(of: /class="dots s0" d="([^"]*)"/)?.1)
    #expect(dots.components(separatedBy: "h0").count == 3)
    #expect(text.contains("from 10 at 0 to 5 at 0.5, lowest 5, highest 10."))
    #expect(text.components(separatedBy: "<polyline").count == 4)
  }

  @Test func `quantiles far apart are on a logarithmic axis, others are not`() throws {
    let near = try page(try record(spread: [0.5, 0.9, 1, 1.5, 2]))
    let chart = try #require(near.charts.first { $0.id == "layers-constancy" })
    #expect(!near.text.contains("logarithmic"))
    // Two layers of three have boxes, whose medians are 1 by definition.
    let text = chart.document
    #expect(text.components(separatedBy: "class=\"box s0\"").count == 3)
    #expect(text.contains("Medians: embedding 1, 1 1, logits –."))
    #expect(chart.caption.contains("tokens looked at with 1 − π ≥ 0.01."))
    let lines = try #require(near.charts.first { $0.id == "layers-intervals" })
    #expect(lines.document.contains("0.00–0.25: from 2 at embedding to 1 at 1"))
    let far = try page(try record(spread: [0.1, 0.9, 1, 1.5, 2.5]))
    #expect(far.text.contains("ratio over the layer’s median, logarithmic"))
  }

  private func run(_ name: String, alpha: String = "0.3", share: Double, rose: Double) throws
    -> RunFolder
  {
    let folder = try RunFolder(name, alpha: alpha)
    var record = try RecordExample.empty()
    record.figure1.a.share = [share, 1 - share]
    record.figure1.d.norm = [share, .nan]
    record.figure3 = try RecordExample.read(
      """
      [{"arm": "mine", "positive_rose": [\(rose), null], "negative_fell": [1, 1], "correct": [1, 1],
        "spread": [0, 0]},
       {"arm": "plain", "positive_rose": [0, 0], "negative_fell": [0, 0], "correct": [0, 0],
        "spread": [0, 0]}]
      """)
    record.figure5 = try RecordExample.read(
      """
      {"words": "w.yaml", "unit": "per 1000 words", "categories": ["try", "answer"],
       "correlation": [0, 0], "low": [0, 0], "high": [0, 0], "within": [0, 0], "bins": [[], []],
       "arms": [
        {"arm": "at start", "completions": 1, "reward": 1, "frequency": [99, 99], "spread": [0, 0]},
        {"arm": "as trained", "completions": 1, "reward": 1, "frequency": [\(100 * share), 5],
         "spread": [0, 0]}]}
      """)
    try folder.write(record)
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
