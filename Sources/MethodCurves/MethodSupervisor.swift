import Files
import FulcrumKernel
import PluginChecks

/// Has methods tried without ever running their code: workers do, and their deaths are results.
package struct MethodSupervisor {
  /// Holds what was found.
  package struct Findings {
    /// By kind, those that change advantages first, and by name.
    package var methods: [Method] = []
    /// The plugins that can't be loaded, each with the error.
    package var refused: [(name: String, error: FulcrumError)] = []

    /// Whether everything could be loaded and called.
    package var isSound: Bool { refused.isEmpty && methods.allSatisfy { $0.error == nil } }
  }

  private let executable: String
  private let arguments: (_ task: [String]) -> [String]
  /// The longest that one method may take, in seconds.
  private let limit: Double

  /// - Parameters:
  ///   - executable: the program.
  ///   - limit: the longest that a load or a method may take, in seconds.
  ///   - arguments: makes the program a `MethodWorker` with a task: `--from` and a number, `--without` and
  ///     the name of a plugin that isn't to be loaded.
  package init(
    executable: String, limit: Double = CheckLimits.seconds,
    arguments: @escaping (_ task: [String]) -> [String]
  ) {
    (self.executable, self.limit, self.arguments) = (executable, limit, arguments)
  }

  /// Has every method tried.
  ///
  /// - Throws: `.notFound` and the like for a wrong request; `.inputOutput`.
  package func run() throws(FulcrumError) -> Findings {
    var deadly: [(name: String, error: FulcrumError)] = []
    var found: [Method] = []
    while true {
      var progress = Progress()
      let task = ["--from", "\(found.count)"] + deadly.flatMap { ["--without", $0.name] }
      let child = ChildProcess(
        executable: executable, arguments: arguments(task), silence: limit)
      let (end, errors) = try child.run { line in
        if let message = MethodMessage(line: line) { progress.take(message, into: &found) }
      }
      if let error = progress.wrongRequest { throw error }
      let death = FulcrumError(.pluginFault, end.words(errors, limit: limit))
      if let running = progress.running {
        found.append(running.failed(death.within(running.label)))
      } else if let loading = progress.loading {
        deadly.append((loading, death))
        continue
      } else if !progress.isDone {
        throw death.within("the process that calls plugins")
      }
      if found.count >= progress.plan.count {
        return Findings(methods: found, refused: progress.refused + deadly)
      }
    }
  }
}

/// Keeps how far a worker has got.
private struct Progress {
  private(set) var plan: [Method] = []
  private(set) var refused: [(name: String, error: FulcrumError)] = []
  /// The plugin that is being loaded.
  private(set) var loading: String?
  /// The method that is being called.
  private(set) var running: Method?
  private(set) var isDone = false
  private(set) var wrongRequest: FulcrumError?

  mutating func take(_ message: MethodMessage, into found: inout [Method]) {
    switch message {
    case .loading(let name): loading = name
    case .refused(let name, let failure): refused.append((name, failure.error))
    case .wrongRequest(let failure): wrongRequest = failure.error
    case .plan(let methods):
      plan = methods
      loading = nil
    case .begin(let index): running = plan.indices.contains(index) ? plan[index] : nil
    case .end(_, let method):
      running = nil
      found.append(method)
    case .done: isDone = true
    }
  }
}
