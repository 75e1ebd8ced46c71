import FulcrumKernel
import Report
import Runs

/// Keeps the numbers of a plan's finished runs in a file beside them, `runs.jsonl`: a line a run, in the
/// plan's order.
struct ArmRuns {
  /// The folder that the runs are in.
  let folder: String
  private let plan: [ArmPlan.Run]
  /// The settings of the arm that the others are compared with.
  private let reference: [String: String]?
  private var summaries: [String: RunSummary] = [:]

  /// Takes the runs that were finished before.
  init(_ plan: [ArmPlan.Run], in folder: String, reference: [String: String]?) throws(FulcrumError) {
    self.plan = plan
    self.folder = folder
    self.reference = reference
    for run in plan where try run.isDone() { try take(run) }
    if !summaries.isEmpty { try write() }
  }

  /// Takes a run that is finished now.
  mutating func add(_ run: ArmPlan.Run) throws(FulcrumError) {
    try take(run)
    try write()
  }

  /// The runs that are finished, in the plan's order.
  var finished: [(run: ArmPlan.Run, summary: RunSummary)] {
    plan.compactMap { run in summaries[run.output].map { (run, $0) } }
  }

  private mutating func take(_ run: ArmPlan.Run) throws(FulcrumError) {
    summaries[run.output] = RunSummary(
      try RunRecord(run.output), arm: run.arm, reference: reference)
  }

  private func write() throws(FulcrumError) {
    try RunSummary.write(finished.map(\.summary), to: folder + "/runs.jsonl")
  }
}
