/// Hears of a run's progress; a terminal shows it.
package protocol RunObserver: AnyObject {
  /// One line worth keeping: what was loaded, written, decided.
  func note(_ text: String)

  /// A step ended.
  ///
  /// - Parameter secondsLeft: an estimate from the steps so far.
  func stepEnded(_ step: Int, of steps: Int, metrics: Metrics, secondsLeft: Double)
}
