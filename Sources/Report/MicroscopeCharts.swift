/// The microscope's figures: the paper's Fig. 1 and 3 on one's own policy, interventions, bounds.
struct MicroscopeCharts {
  let record: MicroscopeRecord

  private var intervals: Chart.Axis {
    .categories("probability of the token", record.intervals.map(Self.dashed))
  }

  private static func dashed(_ interval: String) -> String { interval.replacing("-", with: "–") }

  /// Where and how it was looked.
  var introduction: [any Markup] {
    let parts = [
      record.tokens.map { "\($0) tokens" }, record.batches.map { "in \($0) batches" },
      record.rollouts.map { "of \($0) rollouts" }, record.step.map { "at step \($0)" },
      record.optimizer.map { "updates with \($0)" },
      record.learningRate.map { "learning rate \(NumberText.short($0))" },
    ].compactMap(\.self)
    return parts.isEmpty
      ? [] : [Element("p", ["class": "note"], [parts.joined(separator: ", ") + "."])]
  }

  var charts: [Chart] {
    let figure = record.figure1
    return [
      figure?.a.map(distribution), figure?.a?.histogram.map { histogram($0.values) },
      figure?.b.map { advantages in
        boxes(
          advantages.quantiles.map(\.values), id: "microscope-b", title: "Fig. 1 (b): advantages",
          unit: "advantage of the token", caption: "")
      },
      figure?.c.map {
        change($0, "c", "change after an update", "all tokens updated.")
      }, figure?.d.map(norms),
      figure?.e.map {
        change($0, "e", "only the lowest interval updated", "only the least likely updated.")
      },
      figure?.f.map {
        change($0, "f", "only the highest interval updated", "only the most likely updated.")
      },
    ].compactMap(\.self) + direction
  }

  private func distribution(_ shares: MicroscopeRecord.Distribution) -> Chart {
    Chart(
      id: "microscope-a", title: "Fig. 1 (a): tokens by probability",
      caption: shares.spread == nil ? "" : "Whiskers: a standard deviation over batches.",
      x: intervals, y: .numbers("share of tokens", including: [0]),
      layers: withSpread(shares.share.values, shares.spread?.values))
  }

  private func histogram(_ shares: [Double]) -> Chart {
    let width = 1 / Double(max(1, shares.count))
    let names = shares.indices.map { index in
      index % 5 == 0 ? NumberText.fixed(Double(index) * width, decimals: 2) : ""
    }
    return Chart(
      id: "microscope-histogram", title: "Fig. 1 (a): histogram",
      x: .categories("probability of the token, bins of \(NumberText.short(width))", names),
      y: .numbers("share of tokens", including: [0]),
      layers: [.bars(shares, series: 0)])
  }

  private func boxes(
    _ quantiles: [[Double]], id: String, title: String, unit: String, caption: String
  ) -> Chart {
    Chart(
      id: id, title: title,
      caption: [caption, "Box: 25 to 75 %, line: median, whisker: 1 to 99 % of the tokens."]
        .filter { !$0.isEmpty }.joined(separator: " "), x: intervals,
      y: .numbers(unit, including: [0]), layers: [.boxes(quantiles, series: 0)])
  }

  private func change(
    _ change: MicroscopeRecord.Change, _ letter: String, _ title: String, _ caption: String
  ) -> Chart {
    boxes(
      change.quantiles.map(\.values), id: "microscope-" + letter,
      title: "Fig. 1 (\(letter)): \(title)",
      unit: "change of the token’s probability",
      caption: "One update, \(caption)")
  }

  private func norms(_ norms: MicroscopeRecord.Norms) -> Chart {
    Chart(
      id: "microscope-d", title: "Fig. 1 (d): gradient norm of one interval",
      caption: [
        norms.spread.map { _ in "Whiskers: a standard deviation over batches." },
        norms.all.map { "Dashed: all tokens together, \(NumberText.short($0))." },
      ].compactMap(\.self).joined(separator: " "),
      x: intervals, y: .numbers("gradient norm, only the interval weighted", including: [0]),
      layers: withSpread(norms.norm.values, norms.spread?.values)
        + (norms.all.map { [.level($0)] } ?? []))
  }

  /// Dots with whiskers of a standard deviation over batches where it is known, or else bars.
  private func withSpread(_ values: [Double], _ spread: [Double]?) -> [Chart.Layer] {
    guard let spread, spread.count == values.count else { return [.bars(values, series: 0)] }
    return [
      .intervals(
        zip(values, spread).map { Chart.Interval(value: $0, low: $0 - $1, high: $0 + $1) },
        series: 0)
    ]
  }

  private var direction: [Chart] {
    guard let arms = record.figure3, !arms.isEmpty else { return [] }
    let parts: [(id: String, title: String, values: (MicroscopeRecord.Figure3) -> Numbers)] = [
      ("positive", "Fig. 3: positive tokens that rose", \.positiveRose),
      ("negative", "Fig. 3: negative tokens that fell", \.negativeFell),
      ("correct", "Fig. 3: tokens that went right", \.correct),
    ]
    return parts.map { part in
      Chart(
        id: "microscope-" + part.id, title: part.title, caption: "Dashed: chance.", x: intervals,
        y: .numbers("share of tokens", including: [0, 1]),
        layers: arms.enumerated().map { .bars(part.values($1).values, series: $0) } + [.level(0.5)],
        legend: arms.count > 1 ? arms.map(\.arm) : [])
    }
  }

  var tables: [any Markup] {
    var result: [any Markup] = []
    for (matrix, what) in [
      (record.interventions, "mean |Δπ|"), (record.along, "mean Δπ along the advantage"),
    ] {
      guard let matrix, !matrix.isEmpty else { continue }
      result.append(
        PageTable.element(
          head: ["updated alone"] + record.intervals.map { "moved: " + Self.dashed($0) },
          rows: zip(record.intervals, matrix).map { name, row in
            [Self.dashed(name)] + row.values.map { NumberText.short($0) }
          }, numeric: Set(1...max(1, record.intervals.count)),
          caption: "Interventions: who moves when one interval is updated alone, \(what)"))
    }
    if let bounds = record.bounds {
      let rows = bounds.leaves().map { [$0.path, $0.value] }
      if !rows.isEmpty {
        result.append(
          PageTable.element(
            head: ["bound", "value"], rows: rows, numeric: [1], caption: "Bounds on the lever"))
      }
    }
    return result
  }
}
