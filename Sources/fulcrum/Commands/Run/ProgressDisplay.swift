import Foundation
import Runs
import Training

/// Shows a run's progress: one moving line on a terminal, a plain line for each step elsewhere.
final class ProgressDisplay: RunObserver {
  private let isTerminal = isatty(StandardOutput.descriptor) == 1
  private var hasStatusLine = false

  // Watches before the first note, for its reader may send a signal.
  func runBegins() { Interrupt.watch() }

  func note(_ text: String) {
    clear()
    print(text.onTerminal)
    fflush(nil)
  }

  func stepEnded(_ step: Int, of steps: Int, metrics: Metrics, secondsLeft: Double) {
    let width = String(steps).count
    let number = String(step).padded(to: width)
    func line(_ fields: [String]) -> String {
      (["\(number)/\(steps)"] + fields + [Self.time(secondsLeft) + " left"])
        .joined(separator: "  ")
    }
    let fields = Self.fields(metrics)
    let whole = line(fields + Self.detail(metrics))
    guard isTerminal else {
      print(whole)
      fflush(nil)
      return
    }
    let cells = 20
    let filled = step * cells / max(1, steps)
    let bar =
      String(repeating: "█", count: filled) + String(repeating: "░", count: cells - filled)
    let text = cells + 1 + whole.count < Self.columns ? whole : line(fields)
    // Returns to the line's start, writes, and clears the rest of an earlier, longer line. That
    // doesn't work for a line that wrapped.
    print("\r" + "\(bar) \(text)".prefix(Self.columns - 1) + "\u{1B}[K", terminator: "")
    fflush(nil)
    hasStatusLine = true
    if step == steps { clear(keepingLine: true) }
  }

  private func clear(keepingLine: Bool = false) {
    guard hasStatusLine else { return }
    print(keepingLine ? "" : "\r\u{1B}[K", terminator: keepingLine ? "\n" : "")
    fflush(nil)
    hasStatusLine = false
  }

  /// The terminal's width; 80 if the terminal doesn't say.
  private static var columns: Int {
    var size = winsize()
    let isKnown = ioctl(StandardOutput.descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 1
    return isKnown ? Int(size.ws_col) : 80
  }

  /// Returns the few metrics that show how a run is doing, without those that a step lacks.
  private static func fields(_ metrics: Metrics) -> [String] {
    let shown: [(name: String, text: (Double) -> String)] = [
      (MetricName.reward, { String(format: "reward %6.3f", $0) }),
      (MetricName.accuracy, { String(format: "accuracy %5.1f %%", 100 * $0) }),
      (MetricName.meanLength, { String(format: "length %5.1f", $0) }),
      (MetricName.entropy, { String(format: "entropy %.3f", $0) }),
      (MetricName.loss, { String(format: "loss %.4f", $0) }),
      (MetricName.gradientNorm, { String(format: "grad %.3f", $0) }),
      (MetricName.tokensPerSecond, { String(format: "%6.0f tokens/s", $0) }),
    ]
    return shown.compactMap { entry in metrics[entry.name].map(entry.text) }
  }

  /// Returns a detail for terminals with room: the share of the gradient's levers that belongs to
  /// unlikely tokens, those with a probability below a quarter.
  private static func detail(_ metrics: Metrics) -> [String] {
    metrics[ProbabilityIntervals.metric(.leverShare, interval: 0)].map {
      [String(format: "lever<.25 %3.0f %%", 100 * $0)]
    } ?? []
  }

  private static func time(_ seconds: Double) -> String {
    let whole = Int(seconds.rounded())
    return whole >= 3600
      ? String(format: "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60)
      : String(format: "%d:%02d", whole / 60, whole % 60)
  }
}

extension String {
  func padded(to width: Int) -> String {
    String(repeating: " ", count: max(0, width - count)) + self
  }
}
