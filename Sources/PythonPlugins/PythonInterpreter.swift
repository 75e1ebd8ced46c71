/// Says what runs the files, and how long they may take.
package struct PythonInterpreter: Sendable {
  /// The interpreter's name, as a shell finds it, or its path.
  package let name: String
  /// The longest time for a call.
  package let timeLimit: Duration
  /// The time for the start, and besides the limit for the first call of each kind, which may load models.
  package let startLimit: Duration

  package init(name: String, timeLimit: Duration, startLimit: Duration) {
    self.name = name
    self.timeLimit = timeLimit
    self.startLimit = startLimit
  }
}
