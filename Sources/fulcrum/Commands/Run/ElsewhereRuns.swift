import Files
import FulcrumKernel
import Report
import Runs
import Settings
import Training

/// Holds runs that were trained elsewhere, of which there are lines alone.
struct ElsewhereRuns {
  private let lines: [RunSummary]
  private var found: [String: RunSummary] = [:]

  /// - Parameter files: files of runs as `arms` writes them.
  /// - Throws: what reading them throws; `.usage` for different lines of one run.
  init(_ files: [String]) throws(FulcrumError) {
    var lines: [RunSummary] = []
    for file in files { lines += try RunSummary.read(file) }
    self.lines = try lines.distinct()
  }

  /// Refuses files that a plan in a folder writes: lines of other runs would be lost.
  static func check(_ files: [String], beside plan: ArmPlan) throws(FulcrumError) {
    let written = [plan.folder, plan.trialFolder].map { $0 + "/runs.jsonl" }
    let places = written.compactMap(FileSystem.canonicalPath)
    for file in files where FileSystem.canonicalPath(file).map(places.contains) == true {
      throw FulcrumError(
        .usage, "expected a file that this command doesn't write itself, got \(file)",
        at: "--runs-from",
        hint: "runs of this folder count as done without it; copy the file to take others from it")
    }
  }

  /// Says how many lines are of no run that was looked for; `nil`: each is of one.
  var warning: String? {
    let unused = lines.count - Set(found.values.map(\.line)).count
    guard unused > 0 else { return nil }
    return
      "warning: \(unused) of \(Counted.text(lines.count, "line")) from --runs-from are of no run of this"
      + " plan: of another arm, seed, number of steps or way to train"
  }

  /// Looks for the lines of an arm's runs: of the same name, seed, number of steps and way to train.
  mutating func find(_ runs: [ArmPlan.Run], _ method: ArmsCheck.Method) {
    guard !lines.isEmpty else { return }
    let fingerprint = KeyPaths.fingerprint(of: method)
    for run in runs {
      found[run.output] = lines.first {
        $0.arm == run.arm && $0.seed == run.seed && $0.method == fingerprint
          && $0.steps == run.configuration.general.steps
      }
    }
  }

  /// Returns the line of a run; `nil`: it wasn't trained elsewhere.
  func summary(of run: ArmPlan.Run) -> RunSummary? { found[run.output] }
}
