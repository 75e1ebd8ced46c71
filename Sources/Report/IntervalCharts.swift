import Charts
import Trainer

/// Charts of who moves the model, by probability interval, from a run's metrics.
struct IntervalCharts {
  let run: RunRecord

  static let names = ProbabilityIntervals.names.map(NumberText.interval)

  private func curve(_ group: String, _ interval: Int, _ part: String) -> Curve? {
    run.metrics["\(group)/\(ProbabilityIntervals.names[interval])/\(part)"]
  }

  private func mean(_ group: String, _ interval: Int, _ part: String) -> Double? {
    curve(group, interval, part).map { curve in Statistics.mean(curve.points.map(\.y)) }
  }

  private func lines(
    _ group: String, _ part: String, id: String, title: String, unit: String, caption: String
  ) -> Chart? {
    let layers = Self.names.indices.flatMap { interval -> [Chart.Layer] in
      guard let curve = curve(group, interval, part) else { return [] }
      return [
        .line(curve.points, series: interval, isFaint: true),
        .line(curve.smoothed, series: interval),
      ]
    }
    guard !layers.isEmpty else { return nil }
    return Chart(
      id: id, title: title, caption: caption, x: .numbers("step"),
      y: .numbers(unit, including: [0]), layers: layers, legend: Self.names)
  }

  private func bars(
    _ group: String, _ parts: [(key: String, name: String)], id: String, title: String,
    unit: String, caption: String, level: Double? = nil
  ) -> Chart? {
    let values = parts.map { part in Self.names.indices.map { mean(group, $0, part.key) } }
    guard values.contains(where: { $0.contains { $0 != nil } }) else { return nil }
    return Chart(
      id: id, title: title, caption: caption,
      x: .categories("probability of the token", Self.names),
      y: .numbers(unit, including: level == nil ? [0] : [0, 1]),
      layers: values.enumerated().map { .bars($1, series: $0) }
        + (level.map { [.level($0)] } ?? []),
      legend: parts.map(\.name))
  }

  var charts: [Chart] {
    [
      bars(
        "probability",
        [
          ("token_share", "share of tokens"), ("weight_share", "share of Σ|w|"),
          ("lever_share", "share of Σ|w|·‖∇ log π‖"),
        ], id: "shares", title: "Who moves the model", unit: "share, mean over all steps",
        caption: "Few tokens are unlikely, but each pulls on the logits with a lever near its"
          + " largest: compare an interval’s share of the pull with its share of tokens."),
      lines(
        "probability", "lever_share", id: "levers", title: "Levers over time",
        unit: "share of Σ|w|·‖∇ log π‖",
        caption: "Each interval’s share of the pull on the logits."),
      bars(
        "direction",
        [
          ("positive_rose", "positive advantage: likelier after"),
          ("negative_fell", "negative advantage: less likely after"), ("correct", "both"),
        ], id: "direction", title: "Did tokens go the way of their advantage?",
        unit: "share of tokens, mean over all steps",
        caption: "By old probability, over the completions scored once more after each update."
          + " Dashed: chance.", level: 0.5),
      lines(
        "direction", "correct", id: "direction-steps", title: "Direction over time",
        unit: "share of tokens that went right",
        caption: "Of tokens of either sign, by old probability."),
      lines(
        "probability", "entropy", id: "interval-entropy", title: "Entropy by interval",
        unit: "nats, mean over the interval’s tokens",
        caption: "Entropy of the distribution that each token was drawn from."),
    ].compactMap(\.self)
  }
}
