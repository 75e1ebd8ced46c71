import Files
import Foundation
import FulcrumKernel
import Runs

/// Trains several runs at once, each in a process of its own.
///
/// Each process is this program with this command line, told which run is its own. It ends when this one does,
/// however that happens: its standard input is a pipe that this process alone holds open.
struct ParallelRuns {
  /// A run that this command trains.
  struct Job {
    let run: ArmPlan.Run
    /// What the run is called in messages: `3 of 12: GRPO, seed 7`.
    let place: String
    /// The values that its arm was given; empty: none, or they are a trial's.
    let values: [String]
  }

  /// A run that ended with an error.
  struct Failure {
    let name: String
    let reason: String
  }

  /// The number of runs at once.
  let count: Int
  /// The number of threads of each.
  let threads: Int

  /// Shares threads out, and tells if there are more of them than cores.
  init(_ count: Int, threads: Int) {
    self.count = count
    self.threads = max(1, threads / count)
    let cores = ProcessInfo.processInfo.activeProcessorCount
    let busy = count * self.threads
    if busy > cores {
      print(
        "warning: \(count) runs at once keep \(busy) threads busy on \(cores) cores: each is slower"
      )
    }
  }

  /// A process with a run.
  private final class Child {
    let job: Job
    let process: RunningProcess
    var output = LineBuffer(limit: 1 << 20)
    var errors = LineBuffer(limit: 1 << 20)
    /// The last lines that it wrote to standard error.
    var lastErrors: [String] = []

    init(_ job: Job, _ process: RunningProcess) {
      (self.job, self.process) = (job, process)
    }

    var name: String { FileSystem.fileName(of: job.run.output) }
  }

  /// Trains runs. One that fails doesn't keep the others from going on.
  ///
  /// - Parameter finished: called after each run that went to its end.
  /// - Returns: whether all were begun and none was asked to stop, and those that failed.
  func train(_ jobs: [Job], finished: (ArmPlan.Run) throws -> Void) throws
    -> (isComplete: Bool, failures: [Failure])
  {
    Interrupt.watch()
    var waiting = jobs[...]
    var children: [Child] = []
    var failures: [Failure] = []
    var isStopping = false
    var isComplete = true
    while !children.isEmpty || (!waiting.isEmpty && !isStopping) {
      if StopRequest.isMade, !isStopping {
        isStopping = true
        for child in children { child.process.terminate() }
      }
      while !isStopping, children.count < count, let job = waiting.popFirst() {
        print(job.place)
        fflush(nil)
        children.append(Child(job, try RunningProcess(program(for: job))))
      }
      Self.wait(for: children)
      for child in children {
        // Looks first: what a process wrote before its end is there to be read.
        let hasEnded = child.process.hasEnded()
        take(from: child, isLast: hasEnded)
        guard hasEnded, let end = child.process.end else { continue }
        switch end {
        case .exited(0): try finished(child.job.run)
        case .exited(let status) where isStopping && status >= 128: isComplete = false
        case .killedBySignal where isStopping: isComplete = false
        case .exited(let status): failures.append(failure(of: child, "exit status \(status)"))
        case .killedBySignal(let signal): failures.append(failure(of: child, "signal \(signal)"))
        }
      }
      children.removeAll { $0.process.end != nil }
    }
    return (isComplete && waiting.isEmpty, failures)
  }

  private func failure(of child: Child, _ end: String) -> Failure {
    let error = child.lastErrors.last { $0.hasPrefix("error: ") }?.dropFirst("error: ".count)
    return Failure(name: child.name, reason: error.map(String.init) ?? end)
  }

  /// This command, for one run.
  private func program(for job: Job) -> RunningProcess.Program {
    var words = CommandLine.arguments
    words += [ChildRun.runOption, job.run.output, ChildRun.threadsOption, "\(threads)"]
    for value in job.values { words += [ChildRun.valueOption, value] }
    var program = RunningProcess.Program(executable: "/proc/self/exe", arguments: words)
    // Paths of the command line start there.
    program.folder = WorkingFolder.atStart
    // Ctrl-C comes to this process, which hands it on.
    program.hasOwnGroup = true
    return program
  }

  /// Shows what a process has written since the last time.
  private func take(from child: Child, isLast: Bool) {
    let name = child.name
    func show(_ line: [UInt8], _ omitted: Int) {
      print("[\(name)] \(String(decoding: line, as: UTF8.self).onTerminal)")
    }
    func report(_ bytes: [UInt8], _ omitted: Int) {
      let line = String(decoding: bytes, as: UTF8.self)
      child.lastErrors = (child.lastErrors + [line]).suffix(8)
      Fulcrum.report("[\(name)] \(line)")
    }
    if child.output.take(from: child.process.output, show) { child.process.closeOutput() }
    if child.errors.take(from: child.process.errors, report) { child.process.closeErrors() }
    if isLast {
      child.output.flush(show)
      child.errors.flush(report)
    }
    fflush(nil)
  }

  /// Waits until a process has written something, at most a fifth of a second.
  private static func wait(for children: [Child]) {
    var requests = children.flatMap { [$0.process.output, $0.process.errors] }.filter { $0 >= 0 }
      .map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    // Both at an end: the process is about to be.
    _ = poll(&requests, nfds_t(requests.count), requests.isEmpty ? 20 : 200)
  }
}
