import Foundation
import Training

/// Writes a run's progress in one line, as far as a terminal has room for whole fields.
package enum ProgressLine {
  /// Says how far training is: the time that is left, then the rest by weight.
  ///
  /// - Parameter columns: the terminal's width; `nil`: there is no end to the line, and no bar.
  package static func step(
    _ step: Int, of steps: Int, metrics: Metrics, secondsLeft: Double, columns: Int?
  ) -> String {
    let number = padded(String(step), to: String(steps).count) + "/\(steps)"
    return fitted(
      [left(secondsLeft), number] + bar(step, of: steps, columns: columns) + fields(metrics),
      columns: columns)
  }

  /// Says how far an evaluation is.
  ///
  /// - Parameter secondsLeft: `nil`: there is no estimate yet.
  package static func evaluation(
    _ done: Int, of items: Int, secondsLeft: Double?, columns: Int?
  ) -> String {
    let number = padded(String(done), to: String(items).count) + "/\(items)"
    return fitted(
      [secondsLeft.map(left) ?? padded("", to: left(0).count), "held out \(number)"]
        + bar(done, of: items, columns: columns), columns: columns)
  }

  /// Joins as many fields, from the first, as fit. The last column stays free: a character there
  /// makes some terminals begin a line.
  static func fitted(_ fields: [String], columns: Int?) -> String {
    var line = ""
    for (index, field) in fields.enumerated() {
      let longer = index == 0 ? field : line + "  " + field
      if let columns, longer.count >= columns { break }
      line = longer
    }
    return line
  }

  private static func bar(_ done: Int, of all: Int, columns: Int?) -> [String] {
    // On a narrow terminal the numbers are worth more.
    guard let columns, columns >= 60 else { return [] }
    let cells = 10
    let filled = min(cells, done * cells / max(1, all))
    return [String(repeating: "█", count: filled) + String(repeating: "░", count: cells - filled)]
  }

  /// Returns the few metrics that show how a run is doing, without those that a step lacks. One is
  /// the share of the gradient's levers that belongs to tokens with a probability below a quarter.
  private static func fields(_ metrics: Metrics) -> [String] {
    let lever = ProbabilityIntervals.metric(.leverShare, interval: 0)
    let shown: [(name: String, text: (Double) -> String)] = [
      (MetricName.reward, { String(format: "reward %6.3f", $0) }),
      (MetricName.accuracy, { String(format: "accuracy %5.1f %%", 100 * $0) }),
      (lever, { String(format: "lever<.25 %3.0f %%", 100 * $0) }),
      (MetricName.meanLength, { String(format: "length %5.1f", $0) }),
      (MetricName.entropy, { String(format: "entropy %.3f", $0) }),
      (MetricName.loss, { String(format: "loss %.4f", $0) }),
      (MetricName.gradientNorm, { String(format: "grad %.3f", $0) }),
      (MetricName.tokensPerSecond, { String(format: "%6.0f tokens/s", $0) }),
    ]
    return shown.compactMap { entry in metrics[entry.name].map(entry.text) }
  }

  private static func left(_ seconds: Double) -> String {
    let whole = Int(seconds.rounded())
    let time =
      whole >= 3600
      ? String(format: "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60)
      : String(format: "%d:%02d", whole / 60, whole % 60)
    return padded(time, to: 5) + " left"
  }

  private static func padded(_ text: String, to width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}
