import PluginHost
import Runs
import Settings
import Training

/// Keeps what a run tells.
final class Listener: RunObserver {
  var notes: [String] = []
  var steps: [Int] = []
  var begun = 0
  var evaluated: [String] = []

  func runBegins() { begun += 1 }
  func note(_ text: String) { notes.append(text) }
  func stepEnded(_ step: Int, of steps: Int, metrics: Metrics, secondsLeft: Double) {
    self.steps.append(step)
  }
  func evaluated(_ done: Int, of items: Int) { evaluated.append("\(done) of \(items)") }
}

extension TrainingSession {
  /// Looks for plugins in a folder with a test library, and asks to stop after a step.
  init(
    librariesIn folder: String, _ listener: Listener, isVerbose: Bool = false,
    stopAfter last: Int = .max
  ) {
    self.init(
      host: { _ in
        PluginHost(searchPath: PluginSearchPath(configured: [folder]), formats: [TestLibraries()])
      }, observer: listener, isVerbose: isVerbose,
      shouldStop: { (listener.steps.last ?? 0) >= last })
  }
}
