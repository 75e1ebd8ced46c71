import PluginChecks

/// A message of the process that calls plugins to the one that tells of them: one JSON object a line.
enum MethodMessage: WorkerMessage {
  /// A plugin is being loaded from now on.
  case loading(String)
  /// A plugin can't be loaded.
  case refused(String, Method.Failure)
  /// The request names what there isn't.
  case wrongRequest(Method.Failure)
  /// The methods to come, in order, not tried yet.
  case plan([Method])
  /// The method of this place in the plan is called from now on.
  case begin(Int)
  case end(Int, Method)
  /// Nothing is left to try.
  case done
}
