import Foundation
import Runs
import Training

/// Shows a run's progress: one moving line on a terminal, a plain line for each step elsewhere.
final class ProgressDisplay: RunObserver {
  private let isTerminal = isatty(StandardOutput.descriptor) == 1
  private var hasStatusLine = false
  private var evaluationBegan = ContinuousClock.now

  // Watches before the first note, for its reader may send a signal.
  func runBegins() { Interrupt.watch() }

  func note(_ text: String) {
    clear()
    print(text.onTerminal)
    fflush(nil)
  }

  func stepEnded(_ step: Int, of steps: Int, metrics: Metrics, secondsLeft: Double) {
    let text = ProgressLine.step(
      step, of: steps, metrics: metrics, secondsLeft: secondsLeft,
      columns: isTerminal ? Self.columns : nil)
    guard isTerminal else {
      print(text)
      fflush(nil)
      return
    }
    show(text)
    if step == steps { clear(keepingLine: true) }
  }

  func evaluated(_ done: Int, of items: Int) {
    guard isTerminal else { return }
    let now = ContinuousClock.now
    if done == 0 { evaluationBegan = now }
    let elapsed = (now - evaluationBegan) / .seconds(1)
    show(
      ProgressLine.evaluation(
        done, of: items,
        secondsLeft: done > 0 ? elapsed / Double(done) * Double(items - done) : nil,
        columns: Self.columns))
  }

  /// Returns to the line's start, writes, and clears the rest of an earlier, longer line. That
  /// doesn't work for a line that wrapped.
  private func show(_ text: String) {
    print("\r" + text + "\u{1B}[K", terminator: "")
    fflush(nil)
    hasStatusLine = true
  }

  /// Takes the moving line away.
  func clear(keepingLine: Bool = false) {
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
}
