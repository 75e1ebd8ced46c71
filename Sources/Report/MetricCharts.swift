import Charts
import FulcrumKernel
import Runs
import Training

/// Charts of `metrics.jsonl` and `evaluations.jsonl`, for one run or several arms.
struct MetricCharts {
  let arms: [Arm]

  private var isOneRun: Bool { arms.count == 1 && arms[0].runs.count == 1 }

  /// Returns the curve of a metric; `nil`: no run has it.
  func curve(
    _ metric: String, _ id: String, _ title: String, unit: String, including: [Double] = [],
    note: String = ""
  ) -> Chart? {
    var layers: [Chart.Layer] = []
    var shown: [Curve] = []
    for (series, arm) in arms.enumerated() {
      let curves = arm.runs.compactMap { $0.metrics[metric] }
      shown += curves
      if curves.count == 1 {
        layers.append(.line(curves[0].points, series: series, isFaint: true))
        layers.append(.line(curves[0].smoothed, series: series))
      } else if !curves.isEmpty {
        let envelope = Curve.envelope(curves.map(\.smoothed))
        layers.append(.band(envelope.band, series: series))
        layers.append(.line(envelope.mean, series: series))
      }
    }
    guard let first = shown.first else { return nil }
    var caption = [note].filter { !$0.isEmpty }
    if isOneRun, let ends = first.ends {
      caption.append(
        "First \(min(first.window, first.points.count)) steps:"
          + " \(NumberText.short(ends.first)), last: \(NumberText.short(ends.last)).")
    }
    if first.points.count > 1 {
      caption.append(
        (isOneRun ? "Bold" : "Smoothed") + ": centred mean over \(first.window) steps.")
    }
    if caption.isEmpty { caption = ["One step: a dot an arm."] }
    return Chart(
      id: id, title: title, caption: caption.joined(separator: " "),
      x: .numbers("step"), y: .numbers(unit, including: including), layers: layers,
      legend: legend)
  }

  private var legend: [String] { arms.count > 1 ? arms.map(\.name) : [] }

  var learning: [Chart] {
    [
      curve(MetricName.reward, "reward", "Reward", unit: "mean reward of a completion"),
      curve(
        MetricName.accuracy, "accuracy", "Accuracy in training",
        unit: "share of correct completions",
        including: [0]),
    ].compactMap(\.self)
  }

  var behaviour: [Chart] {
    [
      curve(
        MetricName.meanLength, "length", "Length", unit: "tokens, mean of a completion",
        including: [0]),
      curve(
        MetricName.entropy, "entropy", "Entropy", unit: "nats, mean over tokens", including: [0]),
      curve(
        MetricName.kl, "kl", "KL to the reference", unit: "nats, mean over tokens", including: [0]),
      curve(
        MetricName.approximateKL, "approx-kl", "KL from old to current",
        unit: "nats, mean over tokens",
        including: [0]),
      curve(
        MetricName.gradientNorm, "gradient-norm", "Gradient norm",
        unit: "global L2 norm before clipping",
        including: [0]),
      curve(
        MetricName.groupsWithoutSpread, "idle-groups", "Groups without a gradient",
        unit: "share of groups whose rewards are all equal", including: [0]),
    ].compactMap(\.self)
  }

  /// Held-out accuracy: for one run before and after training, for arms after it, seeds pooled.
  var heldOut: Chart? {
    let columns = evaluations
    guard let first = columns.first, !first.rows.isEmpty else { return nil }
    let categories = first.rows.map(\.category)
    let layers = columns.enumerated().map { series, column in
      Chart.Layer.intervals(
        categories.map { category in
          column.rows.first { $0.category == category }.map { row in
            Chart.Interval(
              value: row.accuracy, low: row.interval.lowerBound, high: row.interval.upperBound)
          }
        }, series: series)
    }
    return Chart(
      id: "held-out", title: "Accuracy on held-out items",
      caption: "Dots: share of correct completions. Whiskers: Wilson’s 95 % interval"
        + (isOneRun ? "." : ", items of all seeds pooled."),
      x: .categories("category", categories),
      y: .numbers("share of correct completions", including: [0, 1]), layers: layers,
      legend: columns.count > 1 || !isOneRun ? columns.map(\.title) : [])
  }

  var heldOutTable: Element? {
    let columns = evaluations
    guard let first = columns.first, !first.rows.isEmpty else { return nil }
    let rows = first.rows.map(\.category).flatMap { category in
      columns.compactMap { column -> [String]? in
        guard let row = column.rows.first(where: { $0.category == category }) else { return nil }
        return [
          category, column.title,
          "\(row.correct)/\(row.count)" + (row.forms.map { " in \($0) forms" } ?? ""),
          NumberText.percent(row.accuracy),
          NumberText.percent(row.interval.lowerBound) + " to "
            + NumberText.percent(row.interval.upperBound),
        ]
      }
    }
    return PageTable.element(
      head: ["category", isOneRun ? "when" : "arm", "correct", "accuracy", "95 % interval"],
      rows: rows, numeric: [2, 3, 4], caption: "Held-out accuracy")
  }

  private var evaluations: [(title: String, rows: [Evaluation.Row])] {
    if isOneRun {
      return arms[0].runs[0].evaluations.map { ("after step \($0.step)", $0.evaluation.rows) }
    }
    return arms.compactMap { arm in
      let last = arm.runs.compactMap { $0.evaluations.last?.evaluation }
      guard let first = last.first else { return nil }
      return (
        arm.name,
        first.rows.map { row in
          let same = last.compactMap { $0.rows.first { $0.category == row.category } }
          let isAlike = same.contains { $0.effectiveCount != nil }
          return Evaluation.Row(
            category: row.category, correct: same.reduce(0) { $0 + $1.correct },
            count: same.reduce(0) { $0 + $1.count }, forms: same.compactMap(\.forms).max(),
            effectiveCount: isAlike
              ? same.reduce(0) { $0 + ($1.effectiveCount ?? Double($1.count)) } : nil)
        }
      )
    }
  }
}
