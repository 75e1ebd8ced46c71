import Training

/// Receives news of a run's progress; a terminal shows it.
package protocol RunObserver: AnyObject {
  /// The run's directory is locked and its components are made. From here on, the run is noted and
  /// can be stopped after each step.
  func runBegins()

  /// Receives a line that is worth keeping: a file that was loaded or written, a decision.
  func note(_ text: String)

  /// Receives the metrics of a step that ended.
  ///
  /// - Parameter secondsLeft: an estimate from the steps so far.
  func stepEnded(_ step: Int, of steps: Int, metrics: Metrics, secondsLeft: Double)

  /// Receives how far an evaluation is; 0: it begins.
  func evaluated(_ done: Int, of items: Int)
}

extension RunObserver {
  package func evaluated(_ done: Int, of items: Int) {}
}
