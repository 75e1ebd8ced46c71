import Charts
import Microscope
import Training

/// Charts of the paper's Fig. 1 and 3, of a run's own policy.
struct MicroscopeCharts {
  let record: MicroscopeRecord

  private var intervals: Chart.Axis {
    .categories("probability of the token", record.intervals.map(NumberText.interval))
  }

  /// Says what was looked at, and with which updates.
  var introduction: [any Markup] {
    let parts = [
      Counted.text(record.tokens, "token"),
      "in " + Counted.text(record.batches, "batch", plural: "batches"),
      "of \(record.rollouts.rawValue) rollouts", "at step \(record.step)",
      "updates with \(record.optimizer.rawValue)",
      "learning rate \(NumberText.short(record.learningRate))",
    ]
    return [Element("p", ["class": "note"], [parts.joined(separator: ", ") + "."])]
  }

  var charts: [Chart] {
    let figure = record.figure1
    return [
      distribution(figure.a), histogram(figure.a.histogram),
      boxes(
        figure.b.quantiles, id: "microscope-b", title: "Fig. 1 (b): advantages",
        unit: "advantage of the token", caption: "What each interval’s tokens are weighted by."),
      change(figure.c, "c", "change after an update", "all tokens updated."), norms(figure.d),
      change(figure.e, "e", "only the lowest interval updated", "only the least likely updated."),
      change(figure.f, "f", "only the highest interval updated", "only the most likely updated."),
    ] + direction
  }

  private func distribution(_ shares: MicroscopeRecord.Distribution) -> Chart {
    Chart(
      id: "microscope-a", title: "Fig. 1 (a): tokens by probability",
      caption: "How many tokens lie in each interval."
        + " Whiskers: a standard deviation over batches.",
      x: intervals, y: .numbers("share of tokens", including: [0], within: 0...1),
      layers: withSpread(shares.share, shares.spread))
  }

  private func histogram(_ shares: [Double]) -> Chart {
    let width = NumberText.short(1 / Double(max(1, shares.count)))
    return Chart(
      id: "microscope-histogram", title: "Fig. 1 (a): histogram",
      caption: "The same in columns of \(width): the policy is sure of the tokens at the right.",
      x: .numbers("probability of the token, in columns of \(width)"),
      y: .numbers("share of tokens", including: [0], within: 0...1),
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
      change.quantiles, id: "microscope-" + letter,
      title: "Fig. 1 (\(letter)): \(title)",
      unit: "change of the token’s probability",
      caption: "One update, \(caption)")
  }

  private func norms(_ norms: MicroscopeRecord.Norms) -> Chart {
    Chart(
      id: "microscope-d", title: "Fig. 1 (d): gradient norm of one interval",
      caption: "How hard each interval’s tokens alone pull on the parameters."
        + " Whiskers: a standard deviation over batches."
        + (norms.all.isNaN ? "" : " Dashed: all tokens together, \(NumberText.short(norms.all))."),
      x: intervals, y: .numbers("gradient norm, only the interval weighted", including: [0]),
      layers: withSpread(norms.norm, norms.spread)
        + (norms.all.isNaN ? [] : [.level(norms.all)]))
  }

  /// Returns dots with whiskers of a standard deviation over batches.
  private func withSpread(_ values: [Double], _ spread: [Double]) -> [Chart.Layer] {
    [
      .intervals(
        zip(values, spread).map { Chart.Interval(value: $0, low: $0 - $1, high: $0 + $1) },
        series: 0)
    ]
  }

  private var direction: [Chart] {
    let arms = record.figure3
    guard !arms.isEmpty else { return [] }
    return MicroscopeDirection.allCases.map { part in
      Chart(
        id: "microscope-" + part.rawValue, title: part.title,
        caption: part.caption, x: intervals,
        y: .numbers("share of tokens", including: [0, 1], within: 0...1),
        layers: arms.enumerated().map { .bars(part.values(of: $1), series: $0) }
          + [.level(0.5)], legend: arms.count > 1 ? arms.map(\.arm) : [])
    }
  }
}

/// A kind of tokens of which Fig. 3 asks whether they went the way of their advantages.
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

  func values(of arm: MicroscopeRecord.ArmDirection) -> [Double] {
    switch self {
    case .positive: arm.positiveRose
    case .negative: arm.negativeFell
    case .correct: arm.correct
    }
  }
}
