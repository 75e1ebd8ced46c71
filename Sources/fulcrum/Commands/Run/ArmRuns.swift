import Files
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
  /// Whether the file is written: not where other processes train runs of the plan, too.
  private let isWritten: Bool
  private let elsewhere: ElsewhereRuns
  private var summaries: [String: RunSummary] = [:]

  /// Takes the runs that were finished before.
  ///
  /// - Parameters:
  ///   - reference: the settings of the arm that the others are compared with.
  ///   - elsewhere: runs that need not be trained here.
  init(
    _ plan: [ArmPlan.Run], in folder: String, reference: [String: String]?, isWritten: Bool,
    elsewhere: ElsewhereRuns
  ) throws(FulcrumError) {
    self.plan = plan
    self.folder = folder
    self.reference = reference
    self.isWritten = isWritten
    self.elsewhere = elsewhere
    try refresh()
  }

  /// Takes the runs that are finished by now.
  mutating func refresh() throws(FulcrumError) {
    for run in plan where summaries[run.output] == nil {
      if try run.isDone() {
        try take(run)
      } else if let summary = elsewhere.summary(of: run) {
        summaries[run.output] = summary
      }
    }
    // A study that is done can be told of from a place where nothing can be written.
    guard !summaries.isEmpty, (try? RunSummary.read(file)) != finished.map(\.summary) else {
      return
    }
    try write()
  }

  /// Tells whether a run was finished before, here or elsewhere.
  func has(_ run: ArmPlan.Run) throws(FulcrumError) -> Bool {
    if summaries[run.output] != nil { return true }
    return try run.isDone()
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

  private var file: String { folder + "/runs.jsonl" }

  private func write() throws(FulcrumError) {
    guard isWritten else { return }
    // Where all runs so far were trained elsewhere there is no folder yet.
    try SafeFiles.makeFolder(folder)
    try RunSummary.write(finished.map(\.summary), to: file)
  }
}
