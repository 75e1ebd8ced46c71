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

    package init(_ name: String) {
      self.name = name
      outer = StageMark.enter(name)
    }

    /// Marks that the code has returned.
    ///
    /// - Throws: `.pluginFault` at the name for a changed state of the process, which is put back.
    package consuming func end() throws(FulcrumError) {
      StageMark.leave(to: outer)
      let changes = state.restore()
      if !changes.isEmpty { throw FulcrumError.changedProcess(changes).within(name) }
    }
  }
}
