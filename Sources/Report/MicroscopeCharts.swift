import Charts

/// The microscope's figures: the paper's Fig. 1 and 3 on one's own policy.
struct MicroscopeCharts {
  let record: MicroscopeRecord

  private var intervals: Chart.Axis {
    .categories("probability of the token", record.intervals.map(NumberText.interval))
  }

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
          unit: "advantage of the token", caption: "What each interval’s tokens are weighted by.")
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
      caption: "How many tokens lie in each interval."
        + (shares.spread == nil ? "" : " Whiskers: a standard deviation over batches."),
      x: intervals, y: .numbers("share of tokens", including: [0]),
      layers: withSpread(shares.share.values, shares.spread?.values))
  }

  private func histogram(_ shares: [Double]) -> Chart {
    let width = NumberText.short(1 / Double(max(1, shares.count)))
    return Chart(
      id: "microscope-histogram", title: "Fig. 1 (a): histogram",
      caption: "The same in columns of \(width): the policy is sure of the tokens at the right.",
      x: .numbers("probability of the token, in columns of \(width)"),
      y: .numbers("share of tokens", including: [0]),
      layers: [.columns(shares, over: 0...1, series: 0)])
  }

  private func boxes(
    _ quantiles: [[Double]], id: String, title: String, unit: String, caption: String
  ) -> Chart {
    Chart(
      id: id, title: title,
      caption: caption + " Box: 25 to 75 %, line: median, whisker: 1 to 99 % of the tokens.",
      x: intervals, y: .numbers(unit, including: [0]), layers: [.boxes(quantiles, series: 0)])
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
        "How hard each interval’s tokens alone pull on the parameters.",
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
    return MicroscopeDirection.allCases.map { part in
      Chart(
        id: "microscope-" + part.rawValue, title: part.title,
        caption: part.caption, x: intervals, y: .numbers("share of tokens", including: [0, 1]),
        layers: arms.enumerated().map { .bars(part.values(of: $1).values, series: $0) }
          + [.level(0.5)], legend: arms.count > 1 ? arms.map(\.arm) : [])
    }
  }
}

/// What Fig. 3 asks of an update: whether tokens went the way of their advantages.
enum MicroscopeDirection: String, CaseIterable {
  case positive, negative, correct

  var title: String {
    switch self {
    case .positive: "Fig. 3: positive tokens that rose"
    case .negative: "Fig. 3: negative tokens that fell"
    case .correct: "Fig. 3: tokens that went right"
    }
  }

  var caption: String {
    let whose =
      switch self {
      case .positive: "Of the tokens with a positive advantage, those likelier after one step."
      case .negative: "Of the tokens with a negative advantage, those less likely after one step."
      case .correct: "Of all tokens with an advantage, those that went its way in one step."
      }
    return whose + " Dashed: chance."
  }

  func values(of arm: MicroscopeRecord.Figure3) -> Numbers {
    switch self {
    case .positive: arm.positiveRose
    case .negative: arm.negativeFell
    case .correct: arm.correct
    }
  }
}
