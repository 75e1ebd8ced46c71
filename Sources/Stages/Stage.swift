import Foundation
import FulcrumKernel

/// Calls code that is not the host's own.
package enum Stage {
  /// Calls a component's code. The code is marked for a reader after the process has died, and must
  /// leave the process's state as it was.
  ///
  /// - Parameter name: whose code it is: `reward math`, `the loading of plugin math`.
  /// - Throws: what `body` throws; `.pluginFault` at `name` for a changed state, which is put back.
  package static func within<Result>(
    _ name: String, _ body: () throws(FulcrumError) -> Result
  ) throws(FulcrumError) -> Result {
    let call = Call(name)
    let result: Result
    do throws(FulcrumError) {
      result = try body()
    } catch {
      try call.end()
      throw error
    }
    try call.end()
    return result
  }

  /// A call that has begun, for callers whose arguments a closure can't capture.
  package struct Call: ~Copyable {
    private let name: String
    private let outer: String?
    private let state = ProcessState()
    private let process = getpid()

    package init(_ name: String) {
      self.name = name
      outer = StageMark.enter(name)
    }

    /// Marks that the code has returned.
    ///
    /// - Throws: `.pluginFault` at the name for a changed state of the process, which is put back.
    package consuming func end() throws(FulcrumError) {
      if getpid() != process { Self.endCopy(of: name) }
      StageMark.leave(to: outer)
      let changes = state.restore()
      if !changes.isEmpty { throw FulcrumError.changedProcess(changes).within(name) }
    }

    /// Ends a copy of the process that the code has made by fork, and that returned from the call as
    /// the process itself does: it would go on with the run's work beside it.
    private static func endCopy(of name: String) -> Never {
      StandardError.write(
        "error: \(name): a copy of the process, made by fork, returned from the call; the copy was"
          + " ended\n  hint: a child that a component makes must end within the component's code\n")
      _exit(1)
    }
  }
}
