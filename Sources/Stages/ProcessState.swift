import Foundation
import FulcrumKernel
import ProcessCalls

/// Holds what a component must leave as it found it: the process's working folder, file mask, signal
/// handling, locale, floating-point mode and standard streams. A change of one would reach every
/// other component and the run's own files.
package struct ProcessState: ~Copyable {
  private let state: OpaquePointer?

  /// Takes down the state of the process and of the calling thread: some 20 µs.
  package init() { state = process_state_take() }

  deinit { process_state_free(state) }

  /// Returns what has changed since, in words, and puts it back where that can be.
  ///
  /// - Returns: empty if nothing has changed.
  package func restore() -> [String] {
    guard let state else { return [] }
    let changes = process_state_changes(state)
    guard changes != 0 else { return [] }
    let words = Self.words(changes, signal: process_state_changed_signal(state))
    process_state_restore(state, changes)
    return words
  }

  /// The one change that can't be taken back.
  fileprivate static let lost = "a descriptor of the host's own"

  private static func words(_ changes: UInt32, signal: Int32) -> [String] {
    let all: [(bit: Int, words: String)] = [
      (PROCESS_WORKING_FOLDER, "its working folder"),
      (PROCESS_FILE_MASK, "its file mask (umask)"),
      (
        PROCESS_SIGNAL_ACTIONS,
        signal > 0 ? "what \(SignalName.of(signal)) does" : "how it handles signals"
      ),
      (PROCESS_SIGNAL_MASK, "which signals are blocked"),
      (PROCESS_LOCALE, "its locale"),
      (PROCESS_FLOATING_POINT, "its floating-point mode (rounding, traps or tiny numbers)"),
      (PROCESS_STANDARD_INPUT, "its standard input"),
      (PROCESS_STANDARD_OUTPUT, "its standard output"),
      (PROCESS_STANDARD_ERROR, "its standard error"),
      (PROCESS_OWN_DESCRIPTORS, lost),
    ].map { (Int($0.0), $0.1) }
    return all.filter { changes & UInt32($0.bit) != 0 }.map(\.words)
  }
}

extension FulcrumError {
  /// The error for a component that has changed the process's state.
  ///
  /// - Parameter changes: what has changed, in words; at least one.
  package static func changedProcess(_ changes: [String]) -> FulcrumError {
    FulcrumError(
      .pluginFault,
      "expected the process as it was, found that the code changed "
        + changes.joined(separator: ", ")
        + (changes.contains(ProcessState.lost) ? ", which is lost" : "; it was put back"),
      hint: "a component may read these, and must not set them: other components share the process")
  }
}
