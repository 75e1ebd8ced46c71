import Charts
import Training

/// Charts of the tokens that move the model, by probability interval, from a run's metrics.
struct IntervalCharts {
  let run: RunRecord

  static let names = ProbabilityIntervals.names.map(NumberText.interval)

  /// Gives the name of an interval's metric.
  private typealias Name = (_ interval: Int) -> String

  private static func shares(_ part: ProbabilityIntervals.Part) -> Name {
    { ProbabilityIntervals.metric(part, interval: $0) }
  }

  private static func direction(_ part: UpdateDirection.Part) -> Name {
    { UpdateDirection.metric(part, interval: $0) }
  }

  private func mean(_ name: String) -> Double? {
    run.metrics[name].map { curve in Statistics.mean(curve.points.map(\.y)) }
  }

  private func lines(
    _ name: Name, id: String, title: String, unit: String, within: ClosedRange<Double>? = 0...1,
    caption: String
  ) -> Chart? {
    let layers = Self.names.indices.flatMap { interval -> [Chart.Layer] in
      guard let curve = run.metrics[name(interval)] else { return [] }
      return [
        .line(curve.points, series: interval, isFaint: true),
        .line(curve.smoothed, series: interval),
      ]
    }
    guard !layers.isEmpty else { return nil }
    return Chart(
      id: id, title: title, caption: caption, x: .wholeNumbers("step"),
      y: .numbers(unit, including: [0], within: within), layers: layers, legend: Self.names)
  }

  private func bars(
    _ parts: [(metric: Name, name: String)], id: String, title: String,
    unit: String, caption: String, level: Double? = nil
  ) -> Chart? {
    let values = parts.map { part in Self.names.indices.map { mean(part.metric($0)) } }
    guard values.contains(where: { $0.contains { $0 != nil } }) else { return nil }
    return Chart(
      id: id, title: title, caption: caption,
      x: .categories("probability of the token", Self.names),
      y: .numbers(unit, including: level == nil ? [0] : [0, 1], within: 0...1),
      layers: values.enumerated().map { .bars($1, series: $0) }
        + (level.map { [.level($0)] } ?? []),
      legend: parts.map(\.name))
  }

  var charts: [Chart] {
    [
      bars(
        [
          (Self.shares(.tokenShare), "share of tokens"),
          (Self.shares(.weightShare), "share of Σ|w|"),
          (Self.shares(.leverShare), "share of Σ|w|·‖∇ log π‖"),
        ], id: "shares", title: "Who moves the model", unit: "share, mean over all steps",
        caption: "Few tokens are unlikely, but each pulls on the logits with a lever near its"
          + " largest: compare an interval’s share of the pull with its share of tokens."),
      lines(
        Self.shares(.leverShare), id: "levers", title: "Levers over time",
        unit: "share of Σ|w|·‖∇ log π‖",
        caption: "Each interval’s share of the pull on the logits."),
      bars(
        [
          (Self.direction(.positiveRose), "positive advantage: likelier after"),
          (Self.direction(.negativeFell), "negative advantage: less likely after"),
          (Self.direction(.correct), "both"),
        ], id: "direction", title: "Did tokens go the way of their advantage?",
        unit: "share of tokens, mean over all steps",
        caption: "By old probability, over the completions scored once more after each update."
          + " Dashed: chance.", level: 0.5),
      lines(
        Self.direction(.correct), id: "direction-steps", title: "Direction over time",
        unit: "share of tokens that went right",
        caption: "Of tokens of either sign, by old probability."),
      lines(
        Self.shares(.entropy), id: "interval-entropy", title: "Entropy by interval",
        unit: "nats, mean over the interval’s tokens", within: nil,
        caption: "Entropy of the distribution that each token was drawn from."),
    ].compactMap(\.self)
  }
}
