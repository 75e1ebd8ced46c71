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
    var output = LineBuffer()
    var errors = LineBuffer()
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
    let path = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
    var program = RunningProcess.Program(executable: path ?? words[0], arguments: words)
    // Paths of the command line start there.
    program.folder = WorkingFolder.atStart
    // Ctrl-C comes to this process, which hands it on.
    program.hasOwnGroup = true
    return program
  }

  /// Shows what a process has written since the last time.
  private func take(from child: Child, isLast: Bool) {
    for line in child.output.lines(from: child.process.output, isLast: isLast) where !line.isEmpty {
      print("[\(child.name)] \(line.onTerminal)")
    }
    for line in child.errors.lines(from: child.process.errors, isLast: isLast) where !line.isEmpty {
      child.lastErrors = (child.lastErrors + [line]).suffix(8)
      Fulcrum.report("[\(child.name)] \(line)")
    }
    fflush(nil)
  }

  /// Waits until a process has written something, at most a fifth of a second.
  private static func wait(for children: [Child]) {
    var requests = children.flatMap { [$0.process.output, $0.process.errors] }.filter { $0 >= 0 }
      .map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    _ = poll(&requests, nfds_t(requests.count), 200)
    // A stream that has ended is ready at once, again and again.
    if requests.contains(where: { $0.revents & Int16(POLLIN) == 0 && $0.revents != 0 }) {
      usleep(20_000)
    }
  }
}

/// Gathers a stream's bytes into lines.
struct LineBuffer {
  private var pending: [UInt8] = []
  /// The longest line that is taken as one, in bytes.
  private static let longest = 1 << 20

  /// Returns the lines that have come since the last call.
  ///
  /// - Parameters:
  ///   - descriptor: non-blocking.
  ///   - isLast: whether nothing comes after; an unfinished line is one then.
  mutating func lines(from descriptor: Int32, isLast: Bool) -> [String] {
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while descriptor >= 0, pending.count < Self.longest {
      let count = piece.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      pending += piece[..<count]
    }
    var parts = pending.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    let rest = parts.popLast() ?? []
    let isWhole = isLast || pending.count >= Self.longest
    pending = isWhole ? [] : Array(rest)
    if isWhole { parts.append(rest) }
    return parts.map { String(decoding: $0, as: UTF8.self) }
  }
}
