import Training

/// Hears of a run's progress; a terminal shows it.
package protocol RunObserver: AnyObject {
  /// The run's directory is locked and its components are made: what follows is noted and can be
  /// stopped after each step.
  func runBegins()

  /// One line worth keeping: what was loaded, written, decided.
  func note(_ text: String)

  /// A step ended.
  ///
  /// - Parameter secondsLeft: an estimate from the steps so far.
  func stepEnded(_ step: Int, of steps: Int, metrics: Metrics, secondsLeft: Double)
}
