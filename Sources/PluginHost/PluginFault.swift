import Files
import FulcrumKernel

/// One reason why a library can't be a plugin of this host.
package struct PluginFault: Error, Sendable, Equatable {
  /// The thing expected and the thing got, in one sentence without a full stop.
  package let message: String
  /// The remedy.
  package let hint: String

  /// - Parameter message: one sentence without a full stop.
  package init(_ message: String, hint: String) {
    self.message = message
    self.hint = hint
  }

  /// Returns the fault of a file whose name is no plugin's.
  ///
  /// - Parameter pattern: what the format's names look like: `<name>.py`.
  package static func fileName(of path: String, pattern: String) -> PluginFault {
    PluginFault(
      "expected a file name \(pattern), got \(FileSystem.fileName(of: path))",
      hint: "a plugin's name is " + PluginName.rule)
  }

  /// Returns the fault of bytes that break the format, so that nothing after them can be trusted.
  static func damaged(_ what: String) -> PluginFault {
    PluginFault(
      "the file is damaged or cut short: \(what)", hint: "build it or copy it again")
  }
}

extension FulcrumError {
  /// Returns a refusal that names every fault of a library, one line each with its hint.
  ///
  /// - Parameter faults: at least one.
  package static func refusal(of path: String, _ faults: [PluginFault]) -> FulcrumError {
    if faults.count == 1, let fault = faults.first {
      return FulcrumError(
        .pluginRefused, "refused: \(fault.message)", at: path, hint: fault.hint)
    }
    var message = "refused, \(faults.count) faults:"
    for (number, fault) in faults.enumerated() {
      message += "\n  \(number + 1). \(fault.message)\n     hint: \(fault.hint)"
    }
    return FulcrumError(.pluginRefused, message, at: path)
  }
}
