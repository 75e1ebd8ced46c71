import Charts
import Report
import Testing

/// Texts and tables of a run's page and of a comparison.
@Suite struct PageTextTests {
  @Test func `a run's page says what the run is`() throws {
    let folder = try RunFolder("mine", seed: 4)
    let page = try Page.report(of: try folder.record)
    #expect(page.title == "mine")
    #expect(page.subtitle == "6 steps, seed 4, Fulcrum 0.1.0")
    let reader = try PageReader.read(page.text)
    #expect(
      reader.links == ["#learning", "#held-out-items", "#intervals", "#configuration", "#plugins"])
    // Settings of the run, without the libraries, which have a table of their own.
    #expect(reader.rows("advantage[1].alpha") == [["advantage[1].alpha", "0.3"]])
    #expect(reader.rows("provenance.fulcrum") == [["provenance.fulcrum", "0.1.0"]])
    #expect(!reader.text.contains("provenance.plugins"))
    #expect(reader.rows("a") == [["a", "1.2.0", "abc0.3"]])
  }

  @Test func `held-out accuracy is told before and after, each with its interval`() throws {
    let reader = try PageReader.read(
      try Page.report(of: try RunFolder().record).text)
    #expect(
      reader.rows.filter { $0.first?.hasSuffix("people") == true } == [
        ["2 people", "after step 0", "5/20", "25.0 %", "11.2 % to 46.9 %"],
        ["2 people", "after step 6", "15/20", "75.0 %", "53.1 % to 88.8 %"],
        ["10 people", "after step 0", "1/20", "5.0 %", "0.9 % to 23.6 %"],
        ["10 people", "after step 6", "2/20", "10.0 %", "2.8 % to 30.1 %"],
      ])
  }

  @Test func `a curve's caption has the means of its ends`() throws {
    let page = try Page.report(of: try RunFolder(steps: 6).record)
    let chart = try #require(page.charts.first { $0.id == "reward" })
    // Rewards 2 to 7, three at each end.
    #expect(
      chart.caption
        == "First 3 steps: 3, last: 6. Bold: mean over 3 steps, centred but at the ends.")
    // The bold line begins and ends with what the caption says.
    #expect(chart.document.contains("from 3 at 1 to 6 at 6, lowest 3, highest 6."))
    let short = try Page.report(of: try RunFolder(steps: 1).record)
    let dot = try #require(short.charts.first { $0.id == "reward" })
    #expect(dot.caption == "One step: 2.")
    #expect(short.subtitle == "1 step, seed 1, Fulcrum 0.1.0")
    let few = try Page.report(of: try RunFolder(steps: 4).record)
    let line = try #require(few.charts.first { $0.id == "reward" })
    #expect(line.caption == "First step: 2, last: 5.")
    #expect(line.document.contains("from 2 at 1 to 5 at 4, lowest 2, highest 5."))
  }

  @Test func `numbers that a step lacks are left out of its curve`() throws {
    let folder = try RunFolder()
    try folder.write(
      """
      {"step": 1, "reward": 1, "kl": null}
      {"step": 2, "reward": null, "kl": 0.5}
      {"step": 3, "reward": 3}

      """, to: "metrics.jsonl")
    let charts = try Page.report(of: try folder.record).charts
    let reward = try #require(charts.first { $0.id == "reward" })
    #expect(reward.document.contains("from 1 at 1 to 3 at 3, lowest 1, highest 3."))
    let kl = try #require(charts.first { $0.id == "kl" })
    #expect(kl.document.contains("from 0.5 at 2 to 0.5 at 2,"))
  }

  @Test func `a comparison lists runs by arm with the means of their last steps`() throws {
    let folders = [
      try RunFolder("a1", seed: 1), try RunFolder("b1", seed: 1, alpha: "0.1"),
      try RunFolder("a2", seed: 5),
    ]
    let page = Page.comparison(of: try folders.map { try $0.record })
    #expect(page.title == "Comparison of 3 runs")
    #expect(
      page.subtitle
        == "2 configurations: advantage[1].alpha 0.3; advantage[1].alpha 0.1")
    let reader = try PageReader.read(page.text)
    // Rewards step + seed: of the last three steps the mean is 5 + seed.
    #expect(
      reader.rows.filter { ["a1", "a2", "b1"].contains($0.dropFirst().first) } == [
        ["advantage[1].alpha 0.3", "a1", "1", "6", "6.000", "50.0 %"],
        ["advantage[1].alpha 0.3", "a2", "5", "6", "10.000", "50.0 %"],
        ["advantage[1].alpha 0.1", "b1", "1", "6", "6.000", "50.0 %"],
      ])
    #expect(reader.rows("advantage[1].alpha") == [["advantage[1].alpha", "0.3", "0.1"]])
    // Accuracies of both categories, each over the arm's runs.
    #expect(
      reader.rows("2 people") == [
        ["2 people", "advantage[1].alpha 0.3", "30/40", "75.0 %", "59.8 % to 85.8 %"],
        ["2 people", "advantage[1].alpha 0.1", "15/20", "75.0 %", "53.1 % to 88.8 %"],
      ])
    #expect(
      reader.rows("a") == [
        ["a", "1.2.0", "abc0.3", "a1, a2"], ["a", "1.2.0", "abc0.1", "b1"],
      ])
  }

  @Test func `runs that differ in their seeds alone have no differences, and share libraries`()
    throws
  {
    let folders = [try RunFolder("a1", seed: 1), try RunFolder("a2", seed: 2)]
    let page = Page.comparison(of: try folders.map { try $0.record })
    #expect(page.subtitle == "1 configuration: a1")
    let reader = try PageReader.read(page.text)
    #expect(reader.text.contains("None, apart from seed, output folder and threads."))
    #expect(reader.rows("a") == [["a", "1.2.0", "abc0.3", "all"]])
    #expect(!reader.text.contains("ahead"))
  }
}

/// Completions on a run's page.
@Suite struct SampleTextTests {
  private func sample(_ step: Int, id: String, more: String = "") -> String {
    """
    {"step": \(step), "id": "\(id)", "prompt": "?", "completion": "of \(id)", "answer": "", "reward": null, "outcome": "error", "tokens": 2, "finished": true, "advantage_mean": null\(more)}

    """
  }

  private func page(_ folder: RunFolder) throws -> String {
    try PageReader.read(try Page.report(of: try folder.record).text).text
  }

  @Test func `the first completions of the first and of the last step are shown`() throws {
    let folder = try RunFolder()
    for step in 1...3 {
      try folder.write(
        (0..<6).map { sample(step, id: "i\(step)\($0)") }.joined(),
        to: "samples/step-\(step).jsonl")
    }
    let text = try page(folder)
    for id in ["i10", "i13", "i30", "i33"] { #expect(text.contains("of " + id), "\(id)") }
    for id in ["i14", "i20", "i34"] { #expect(!text.contains("of " + id), "\(id)") }
    #expect(text.contains("i10 · error · reward none · 2 tokens"))
    // Without tokens there is nothing to colour.
    #expect(!text.contains("Colour tokens by"))
  }

  @Test func `each reward function's value is shown with its parts`() throws {
    let folder = try RunFolder()
    let rewards = #"""
      , "rewards": [{"name": "math", "value": null, "weight": 1, "outcome": "time-out", "reason": "10 s", "parts": []}, {"name": "form", "value": 0.5, "weight": 2, "outcome": "wrong", "parts": [{"name": "box", "value": 1}, {"name": "end", "value": -0.5}]}]
      """#
    let plain = #"""
      , "rewards": [{"name": "math", "value": 1, "weight": 1, "outcome": "correct", "parts": []}]
      """#
    try folder.write(
      sample(6, id: "several", more: rewards) + sample(6, id: "one", more: plain),
      to: "samples/step-6.jsonl")
    let text = try page(folder)
    #expect(text.contains("math none (time-out: 10 s) · form 0.5 (weight 2, box 1, end −0.5)"))
    // The total says it already.
    #expect(!text.contains("math 1"))
  }

  @Test func `of a long completion the first tokens are shown, with how many are left`() throws {
    let folder = try RunFolder()
    let texts = (0..<503).map { "\"<\($0)>\"" }.joined(separator: ", ")
    try folder.write(
      sample(6, id: "long", more: ", \"token_texts\": [\(texts)]"), to: "samples/step-6.jsonl")
    let text = try page(folder)
    #expect(text.contains("<499> … 3 more tokens"))
    #expect(!text.contains("<500>"))
    #expect(text.contains("Colour tokens by"))
  }
}
