import Charts
import Runs

/// Charts and a table of `evaluations.jsonl`: for one run before and after training, for arms after
/// it, seeds pooled.
struct HeldOutCharts {
  private let isOneRun: Bool
  private let columns: [(title: String, rows: [Evaluation.Row])]

  init(_ arms: [Arm]) {
    isOneRun = arms.count == 1 && arms[0].runs.count == 1
    columns =
      isOneRun
      ? arms[0].runs[0].evaluations.map { ("after step \($0.step)", $0.evaluation.rows) }
      : arms.compactMap { arm in
        let last = arm.runs.compactMap { $0.evaluations.last?.evaluation }
        guard let first = last.first else { return nil }
        let rows = first.rows.map(\.category).compactMap { category in
          Evaluation.Row.pooled(
            last.compactMap { $0.rows.first { $0.category == category } })
        }
        return (arm.name, rows)
      }
  }

  private var categories: [String] { columns.first?.rows.map(\.category) ?? [] }
  private var titles: [String] { columns.first?.rows.map(\.title) ?? [] }
  private var kinds: [Evaluation.Measure.Kind] {
    EvaluationTable.kinds(of: columns.flatMap(\.rows))
  }

  var charts: [Chart] {
    kinds.enumerated().map { place, kind in
      // Labels are texts of any kind, and ids are names of files.
      chart(kind, id: kind == kind.share ? nil : "held-out-\(place + 1)")
    }
  }

  private func chart(_ kind: Evaluation.Measure.Kind, id given: String?) -> Chart {
    let layers = columns.enumerated().map { series, column in
      Chart.Layer.intervals(
        categories.map { category in
          column.rows.first { $0.category == category }?.measures.first { $0.kind == kind }.map {
            Chart.Interval(
              value: $0.mean, low: $0.interval.lowerBound, high: $0.interval.upperBound)
          }
        }, series: series)
    }
    let (id, title, dots, unit) = Self.words(kind)
    return Chart(
      id: given ?? id,
      title: title + (kind.reward.map { ", \($0)" } ?? "")
        + (kind.temperature.map { ", at temperature \($0)" } ?? ""),
      caption: "Dots: \(dots). Whiskers: " + whiskers(kind),
      x: .categories("category", titles), y: .numbers(unit, including: [0, 1], within: 0...1),
      layers: layers,
      legend: columns.count > 1 || !isOneRun ? columns.map(\.title) : [])
  }

  private static func words(_ kind: Evaluation.Measure.Kind) -> (
    id: String, title: String, dots: String, unit: String
  ) {
    switch kind {
    case .accuracy:
      (
        "held-out", "Accuracy on held-out items", "share of correct completions",
        "share of correct completions"
      )
    case .passAt(1):
      (
        "held-out", "pass@1 on held-out items",
        "share of correct samples, the mean over items", "pass@1"
      )
    case .passAt(let k):
      (
        "held-out-pass", "pass@\(k) on held-out items",
        "estimate of the chance that one of \(k) samples of an item is correct, the mean over items",
        "pass@\(k)"
      )
    case .greedy:
      (
        "held-out-greedy", "Greedy accuracy on held-out items",
        "share of items whose most likely completion is correct", "share of items"
      )
    case .reward(_, let kind), .temperature(_, let kind): words(kind)
    }
  }

  private func whiskers(_ kind: Evaluation.Measure.Kind) -> String {
    if case .passAt = kind.share,
      columns.contains(where: { $0.rows.contains { $0.samples != nil } })
    {
      return "95 % interval over items"
        + (isOneRun ? "." : ", of each the mean over seeds.")
    }
    return "Wilson’s 95 % interval" + (isOneRun ? "." : ", items of all seeds pooled.")
  }

  var table: Element? {
    guard !kinds.isEmpty else { return nil }
    let isPlain = kinds == [.accuracy]
    let rows = categories.flatMap { category in
      columns.flatMap { column -> [[String]] in
        guard let row = column.rows.first(where: { $0.category == category }) else { return [] }
        return row.measures.map { measure in
          [row.title, column.title] + (isPlain ? [] : [measure.kind.name]) + [
            measure.counts.map { "\($0.correct)/\($0.count)" + row.formsText } ?? "–",
            NumberText.percent(measure.mean),
            NumberText.percent(measure.interval.lowerBound) + " to "
              + NumberText.percent(measure.interval.upperBound),
          ]
        }
      }
    }
    let head =
      ["category", isOneRun ? "when" : "arm"] + (isPlain ? [] : ["share"]) + [
        "correct", "accuracy", "95 % interval",
      ]
    return PageTable.element(
      head: head, rows: rows, numeric: Set(head.count - 3..<head.count),
      caption: "Held-out accuracy")
  }
}
