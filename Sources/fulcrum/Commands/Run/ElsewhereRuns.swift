import FulcrumKernel
import Report
import Runs
import Settings

/// Holds runs that were trained elsewhere, of which there are lines alone.
struct ElsewhereRuns {
  private let lines: [RunSummary]
  private var found: [String: RunSummary] = [:]

  /// - Parameter files: files of runs as `arms` writes them.
  /// - Throws: what reading them throws.
  init(_ files: [String]) throws(FulcrumError) {
    var lines: [RunSummary] = []
    for file in files { lines += try RunSummary.read(file) }
    self.lines = lines
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
