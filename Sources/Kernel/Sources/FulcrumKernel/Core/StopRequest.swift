import Synchronization

/// Tells whether the user asked the run to stop, by Ctrl-C or SIGTERM.
///
/// A run stops after its step, so most components need not look here. One that waits for something
/// outside, for more than some seconds, looks here while it waits, and throws an error of code
/// `stopped`: the run then ends before the step, whose work is done again when the run is resumed.
public enum StopRequest {
  private static let flag = Atomic<Bool>(false)

  public static var isMade: Bool { flag.load(ordering: .relaxed) }

  /// Asks for the stop. The host calls it, also in a signal handler, once `isMade` was read before.
  public static func make() { flag.store(true, ordering: .relaxed) }
}
