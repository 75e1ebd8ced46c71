import Files
import Foundation
import FulcrumKernel
import PluginHost

/// Checks a plugin without ever running code of it: workers do, and their deaths are results.
package struct CheckSupervisor {
  /// The program, and the words that make it a `CheckWorker` with a task: `--from` and a number,
  /// or `--load-only`.
  let executable: String
  let arguments: (_ task: [String]) -> [String]
  /// The longest that one check may take, in seconds.
  let limit: Double

  /// The number of times that a load is tried: another process may have the machine just then.
  private static let loadTrials = 3...10
  /// The number of checks in which a component may hang before the others are left out.
  private static let hangsOfSubject = 2
  static let withoutEssential = CheckFinding.skipped("there is no instance to check")
  private static let load = CheckName("load", "it loads and registers its components")

  package init(
    executable: String, limit: Double = CheckLimits.seconds,
    arguments: @escaping (_ task: [String]) -> [String]
  ) {
    self.executable = executable
    self.arguments = arguments
    self.limit = limit
  }

  /// Runs all checks.
  ///
  /// - Parameters:
  ///   - inspection: of the file that a load would read; `nil`: there is no such file, as the load
  ///     will say.
  ///   - report: called for each result, in order, as soon as it is known.
  /// - Throws: `.notFound`, `.usage` and the like for a wrong request; `.inputOutput`.
  package func run(
    _ inspection: (any LibraryInspection)?, report: (CheckResult) -> Void
  ) throws(FulcrumError) {
    if let inspection {
      guard judge(inspection, report) else { return }
    }
    guard try load(within: inspection?.loadLimit ?? 100, report) else { return }
    var worker = WorkerProgress()
    var hangs: [String: Int] = [:]
    while true {
      let (end, errors) = try run("--from", "\(worker.next)") { worker.take($0, report) }
      if let error = worker.wrongRequest { throw error }
      if worker.isDone { return }
      guard let dead = worker.running, let name = worker.name(of: dead) else {
        let name = CheckName("load", "it loads in every process")
        report(CheckResult(check: name, finding: death(end, errors)))
        return
      }
      report(CheckResult(check: name, finding: death(end, errors)))
      if end == .timedOut { hangs[name.subject, default: 0] += 1 }
      let hasHung = hangs[name.subject, default: 0] >= Self.hangsOfSubject
      worker.restart()
      if name.isEssential || hasHung {
        let reason =
          hasHung
          ? CheckFinding.skipped("\(Self.hangsOfSubject) checks of it had no end")
          : Self.withoutEssential
        worker.skip(name.subject, reason, report)
      }
      if worker.isComplete { return }
    }
  }

  /// Reports what the file tells, and returns whether it may be loaded.
  private func judge(
    _ inspection: any LibraryInspection, _ report: (CheckResult) -> Void
  ) -> Bool {
    let name = CheckName("file", "this host can load it: format, machine, stamp, compiler")
    for fault in inspection.faults {
      report(
        CheckResult(check: name, finding: .fault("\(fault.message) (hint: \(fault.hint))")))
    }
    guard inspection.faults.isEmpty else { return false }
    report(CheckResult(check: name, finding: .ok(inspection.summary)))
    return true
  }

  /// Loads the plugin in processes of its own and tells whether it can be loaded.
  private func load(
    within limit: Double, _ report: (CheckResult) -> Void
  ) throws(FulcrumError) -> Bool {
    var best = Double.infinity
    var trials = 0
    while trials < Self.loadTrials.lowerBound
      || best > limit && trials < Self.loadTrials.upperBound
    {
      trials += 1
      var message: CheckMessage?
      let (end, errors) = try run("--load-only") { message = message ?? $0 }
      switch message {
      case .loaded(let time, let components)?:
        if trials == 1 {
          report(
            CheckResult(check: Self.load, finding: .ok(components.joined(separator: ", "))))
        }
        best = min(best, time)
      case .refused(let isWrongRequest, let code, let message, let place, let hint)?:
        let error = FulcrumError(
          FulcrumError.Code(rawValue: code), message, at: place, hint: hint)
        if isWrongRequest { throw error }
        report(CheckResult(check: Self.load, finding: .fault(error)))
        return false
      default:
        report(CheckResult(check: Self.load, finding: death(end, errors)))
        return false
      }
    }
    let figure = String(format: "%.1f ms, the best of %d", best, trials)
    report(
      CheckResult(
        check: CheckName("load", "it loads within \(Int(limit)) ms"),
        finding: best <= limit
          ? .ok(figure)
          : .fault(figure + " (hint: do the work when a component is made, not when it registers)")
      ))
    return true
  }

  private func run(
    _ task: String..., message: (CheckMessage) -> Void
  ) throws(FulcrumError) -> (end: ChildProcess.End, errors: String) {
    let child = ChildProcess(
      executable: executable, arguments: arguments(task), silence: limit)
    return try child.run { line in
      if let told = CheckMessage(line: line) { message(told) }
    }
  }

  /// Returns a worker's end in the middle of a check as a finding.
  private func death(_ end: ChildProcess.End, _ errors: String) -> CheckFinding {
    .fault(end.words(errors, limit: limit))
  }
}

/// Keeps how far the workers, one after the other, have got.
private struct WorkerProgress {
  private var plan: [CheckName] = []
  /// The first check that no worker has begun.
  private(set) var next = 0
  /// The check that is being run.
  private(set) var running: Int?
  private(set) var isDone = false
  private(set) var wrongRequest: FulcrumError?

  var isComplete: Bool { next >= plan.count }

  func name(of index: Int) -> CheckName? { plan.indices.contains(index) ? plan[index] : nil }

  mutating func take(_ message: CheckMessage, _ report: (CheckResult) -> Void) {
    switch message {
    case .plan(let names): plan = names
    case .begin(let index):
      running = index
      next = index + 1
    case .end(let index, let finding):
      running = nil
      if let name = name(of: index) { report(CheckResult(check: name, finding: finding)) }
    case .done: isDone = true
    case .refused(_, let code, let message, let place, let hint):
      wrongRequest = FulcrumError(
        FulcrumError.Code(rawValue: code), message, at: place, hint: hint)
    case .loaded: break
    }
  }

  /// Goes on with another worker after the check in which one died.
  mutating func restart() { running = nil }

  /// Leaves out what is left of a subject.
  mutating func skip(_ subject: String, _ why: CheckFinding, _ report: (CheckResult) -> Void) {
    while let name = name(of: next), name.subject == subject {
      report(CheckResult(check: name, finding: why))
      next += 1
    }
  }
}
