import ArgumentParser
import Foundation
import FulcrumKernel
import Runs
import Settings
import YAML

/// Holds the options with which 'fulcrum arms' starts itself for one of its runs.
struct ChildRun: ParsableArguments {
  static let runOption = "--run"
  static let threadsOption = "--run-threads"
  static let valueOption = "--run-value"

  @Option(name: .customLong("run"), help: .hidden)
  var output: String?

  @Option(name: .customLong("run-threads"), help: .hidden)
  var threads = 1

  @Option(name: .customLong("run-value"), parsing: .singleValue, help: .hidden)
  var values: [String] = []

  /// Returns the run that this process is to train; `nil`: it is no such process.
  func run(of plan: ArmPlan, _ tuning: TuningOptions) throws(FulcrumError) -> ArmPlan.Run? {
    guard let output else { return nil }
    var runs = plan.runs
    if let grid = try tuning.grid {
      let point = TuningGrid.Point(values: values)
      let chosen =
        values.isEmpty ? [:] : Dictionary(uniqueKeysWithValues: plan.names.map { ($0, point) })
      runs = try plan.trials(grid, seeds: tuning.seeds) + plan.runs(grid, chosen: chosen)
    }
    guard let run = runs.first(where: { $0.output == output }) else {
      throw FulcrumError(
        .usage, "no run of this plan is at \(output)", at: Self.runOption,
        hint: "'fulcrum arms' gives this option itself; leave it away")
    }
    return run
  }

  /// Trains the run, with its share of the threads. The process ends with the one that started it.
  func train(_ run: ArmPlan.Run, _ session: SessionOptions) throws {
    Self.endWithParent()
    let training = TrainingSession.inForeground(session)
    if run.isBegun {
      try Interrupt.end(isComplete: training.resume(run.output, threads: threads))
      return
    }
    var tree = run.configuration.tree
    try tree.set("threads=\(threads)")
    try Interrupt.end(isComplete: training.begin(try RunConfiguration(tree: tree)))
  }

  /// Ends the process, as a kill would, when the other end of its standard input is closed. Nothing is ever
  /// written there.
  private static func endWithParent() {
    let watch = Thread {
      var byte: UInt8 = 0
      while true {
        let count = read(STDIN_FILENO, &byte, 1)
        if count < 0, errno == EINTR { continue }
        if count <= 0 { kill(getpid(), SIGKILL) }
      }
    }
    watch.stackSize = 1 << 16
    watch.start()
  }
}
