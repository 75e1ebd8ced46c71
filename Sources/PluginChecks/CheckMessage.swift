import FulcrumKernel

/// A message of a worker to its supervisor: one JSON object a line.
enum CheckMessage: WorkerMessage, Equatable {
  /// The plugin is loaded and its registration sound.
  case loaded(milliseconds: Double, components: [String])
  /// The plugin was refused, or the request names what the plugin has not.
  case refused(isWrongRequest: Bool, code: String, message: String, place: String?, hint: String?)
  /// The checks to come, in order.
  case plan([CheckName])
  /// The check of this place in the plan runs from now on.
  case begin(Int)
  case end(Int, CheckFinding)
  /// Nothing is left to check.
  case done

  init(refusal error: FulcrumError, isWrongRequest: Bool) {
    self = .refused(
      isWrongRequest: isWrongRequest, code: error.code.rawValue, message: error.message,
      place: error.location, hint: error.hint)
  }
}
