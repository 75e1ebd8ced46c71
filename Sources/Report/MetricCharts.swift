import Charts
import Training

/// Charts of `metrics.jsonl`, for one run or several arms.
struct MetricCharts {
  let arms: [Arm]

  private var isOneRun: Bool { arms.count == 1 && arms[0].runs.count == 1 }

  /// Returns the curve of a metric; `nil`: no run has it.
  func curve(
    _ metric: String, _ id: String, _ title: String, unit: String, including: [Double] = [],
    within: ClosedRange<Double>? = nil, note: String = ""
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
    if isOneRun, let ends = first.ends { caption.append(first.summary(of: ends)) }
    if first.window > 1 {
      caption.append(
        (isOneRun ? "Bold" : "Smoothed")
          + ": mean over \(first.window) steps, centred but at the ends."
      )
    }
    if caption.isEmpty {
      caption = [first.points.count == 1 ? "One step: a dot an arm." : "A line an arm."]
    }
    return Chart(
      id: id, title: title, caption: caption.joined(separator: " "),
      x: .wholeNumbers("step"), y: .numbers(unit, including: including, within: within),
      layers: layers,
      legend: legend)
  }

  private var legend: [String] { arms.count > 1 ? arms.map(\.name) : [] }

  var learning: [Chart] {
    [
      curve(MetricName.reward, "reward", "Reward", unit: "mean reward of a completion"),
      curve(
        MetricName.accuracy, "accuracy", "Accuracy in training",
        unit: "share of correct completions",
        including: [0], within: 0...1),
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
        unit: "share of groups whose rewards are all equal", including: [0], within: 0...1),
    ].compactMap(\.self)
  }
}

extension Curve {
  /// Says the ends of the bold line in words.
  fileprivate func summary(of ends: (first: Double, last: Double)) -> String {
    let (first, last) = (NumberText.short(ends.first), NumberText.short(ends.last))
    guard points.count > 1 else { return "One step: \(last)." }
    let steps = window == 1 ? "First step" : "First \(window) steps"
    return "\(steps): \(first), last: \(last)."
  }
}
