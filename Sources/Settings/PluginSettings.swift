import Foundation

/// Holds where plugins are looked for, and how those in Python are run.
package struct PluginSettings: Sendable {
  /// The folders to look in first.
  package var folders: [String]
  /// The interpreter; `nil`: the environment's.
  package var python: String?
  /// The longest time for a call of a plugin in Python, in seconds.
  package let pythonTimeLimit: Double
  /// The time for a start, and besides the limit for the first call of each kind, in seconds.
  package let pythonStartLimit: Double

  package static let defaultTimeLimit = 60.0
  package static let defaultStartLimit = 120.0

  /// The interpreter's name or path.
  package var interpreter: String {
    python ?? ProcessInfo.processInfo.environment["FULCRUM_PYTHON"] ?? "python3"
  }

  package init(
    folders: [String] = [], python: String? = nil,
    pythonTimeLimit: Double = Self.defaultTimeLimit,
    pythonStartLimit: Double = Self.defaultStartLimit
  ) {
    self.folders = folders
    self.python = python
    self.pythonTimeLimit = pythonTimeLimit
    self.pythonStartLimit = pythonStartLimit
  }
}
