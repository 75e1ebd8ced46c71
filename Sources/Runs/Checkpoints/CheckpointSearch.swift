import Files
import Foundation
import FulcrumKernel

/// Finds a run's newest checkpoint that is whole, and lists the damaged ones that are newer.
package struct CheckpointSearch {
  /// The newest whole checkpoint; `nil`: the run has no checkpoint.
  package let found: Checkpoint?
  /// The damaged ones that are newer, newest first.
  package let damaged: [(step: Int, fault: FulcrumError)]
  private let directory: RunDirectory

  /// Reads the run's checkpoints from the newest on, until one is whole.
  ///
  /// - Throws: `.checkpoint` if it has some, but none is whole; `.inputOutput` if they can't be
  ///   listed.
  package init(_ directory: RunDirectory) throws(FulcrumError) {
    self.directory = directory
    var damaged: [(step: Int, fault: FulcrumError)] = []
    for step in try directory.checkpointSteps().reversed() {
      do throws(FulcrumError) {
        let checkpoint = try Checkpoint(directory.checkpoint(step: step))
        guard checkpoint.step == step else {
          throw FulcrumError(
            .checkpoint,
            "expected a checkpoint of step \(step), got one of step \(checkpoint.step)",
            at: checkpoint.path)
        }
        found = checkpoint
        self.damaged = damaged
        return
      } catch {
        damaged.append((step, error))
      }
    }
    guard damaged.isEmpty else {
      let reasons = damaged.map { "\n  \(Self.sentence($0.fault))" }.joined()
      throw FulcrumError(
        .checkpoint,
        "expected a checkpoint that is whole, found \(damaged.count), all damaged:" + reasons,
        at: directory.checkpoints,
        hint: "put a copy of one back; or move the folder away: 'fulcrum resume' then begins the"
          + " run again")
    }
    found = nil
    self.damaged = []
  }

  /// Renames the damaged checkpoints to `step-N.damaged`, so that the run can write those steps
  /// again.
  ///
  /// - Parameter note: receives a line for each.
  package func setDamagedAside(note: (String) -> Void) throws(FulcrumError) {
    for (step, fault) in damaged {
      let path = directory.checkpoint(step: step)
      var name = path + ".damaged"
      var number = 2
      while FileManager.default.fileExists(atPath: name) {
        name = path + ".damaged-\(number)"
        number += 1
      }
      try SafeFiles.rename(path, to: name)
      note("skipped a damaged checkpoint, now \(name): \(Self.sentence(fault))")
    }
  }

  /// Returns the checkpoint, once the damaged ones are set aside.
  ///
  /// - Parameter note: receives a line for each damaged one.
  /// - Throws: `.checkpoint` if the run has no checkpoint yet.
  package func required(note: (String) -> Void) throws(FulcrumError) -> Checkpoint {
    guard let found else {
      throw FulcrumError(
        .checkpoint, "expected a checkpoint, found none", at: directory.checkpoints,
        hint: "the run stopped before its first one: 'fulcrum resume \(directory.path)' goes on,"
          + " and checkpoint.every says how often they are written")
    }
    for (_, fault) in damaged { note("skipped a damaged checkpoint: \(Self.sentence(fault))") }
    return found
  }

  private static func sentence(_ fault: FulcrumError) -> String {
    (fault.location.map { "\($0): " } ?? "") + fault.message
  }
}
