import Files
import Foundation
import FulcrumKernel
import JSON
import Settings
import Stages
import Training
import YAML

/// Holds a policy's folder with all that the trainer needs to go on: `checkpoints/step-N/`.
///
/// The folder itself is a checkpoint that the policy's `checkpoint` parameter can name; the folder
/// `trainer` within holds the optimiser's state, the counters and checksums of all files.
package struct Checkpoint: Sendable {
  package let path: String
  package let counters: RunCounters
  /// What stateful components carry to the next step.
  package let states: ComponentStates

  package var step: Int { counters.step }
  package var optimizer: String { path + "/trainer/optimizer" }
  /// The folder of a reference policy that moved, if the run has one.
  package var reference: String? {
    let folder = path + "/trainer/reference"
    return FileManager.default.fileExists(atPath: folder) ? folder : nil
  }

  /// The file with completions of the step after this one, if they were sampled ahead.
  package var ahead: String? {
    let file = path + "/" + Self.aheadName
    return FileManager.default.fileExists(atPath: file) ? file : nil
  }

  private static let aheadName = "trainer/ahead.json"
  private static let state = "trainer/state.json"
  private static let format = 2

  private struct State: Codable {
    var format: Int
    var counters: RunCounters
    /// Absent if no component has a state, and in checkpoints of versions before 0.6.
    var components: ComponentStates?
  }

  /// Opens a checkpoint and checks that all of its files are as they were written.
  ///
  /// - Throws: `.notFound` if there is none; `.checkpoint` if it is damaged, incomplete or of
  ///   another format.
  package init(_ path: String) throws(FulcrumError) {
    guard let data = FileManager.default.contents(atPath: path + "/" + Self.state) else {
      throw FulcrumError(.notFound, "expected the file \(Self.state), found none", at: path)
    }
    // The format comes first: an older one has no checksums, and this tells it from a damaged one.
    struct Format: Codable { var format: Int }
    if let found = try? JSONRecord.decode(Format.self, from: [UInt8](data)).format,
      found != Self.format
    {
      throw FulcrumError(
        .checkpoint, "expected trainer format \(Self.format), got \(found)",
        at: path + "/" + Self.state,
        hint: "its policy can still be used: name the folder under policy.checkpoint")
    }
    try Checksums.verify(path, last: Self.state)
    guard let state = try? JSONRecord.decode(State.self, from: [UInt8](data)) else {
      throw FulcrumError(.checkpoint, "expected a run's counters", at: path + "/" + Self.state)
    }
    self.path = path
    counters = state.counters
    states = state.components ?? ComponentStates()
  }

  /// Checks a policy's folder that a run may have written. An imported model has no checksums.
  ///
  /// - Throws: `.checkpoint` if the folder has checksums and is damaged.
  package static func verify(_ folder: String) throws(FulcrumError) {
    guard FileManager.default.fileExists(atPath: folder + "/" + Checksums.name) else { return }
    try Checksums.verify(folder, last: state)
  }

  private init(path: String, counters: RunCounters, states: ComponentStates) {
    self.path = path
    self.counters = counters
    self.states = states
  }

  /// Writes a checkpoint aside and renames it, then removes all but the newest `keep`.
  ///
  /// - Parameters:
  ///   - states: what components carry to the next step.
  ///   - ahead: completions of the next step.
  ///   - addReference: writes a reference policy that moved into a folder that it makes.
  /// - Throws: what writing throws; nothing of the new checkpoint is left then, and the earlier ones
  ///   stay.
  package static func write(
    _ policy: any PolicyModel, counters: RunCounters, states: ComponentStates = .init(),
    in directory: RunDirectory, keep: Int, ahead: Generation? = nil,
    addReference: (_ folder: String) throws(FulcrumError) -> Void = { (_) throws(FulcrumError) in }
  ) throws(FulcrumError) -> Checkpoint {
    let path = directory.checkpoint(step: counters.step)
    try SafeFiles.writeFolder(path) { (aside) throws(FulcrumError) in
      try Stage.within("policy, saving") { () throws(FulcrumError) in
        try policy.save(to: aside)
        try SafeFiles.makeFolder(aside + "/trainer/optimizer")
        try policy.saveOptimizer(to: aside + "/trainer/optimizer")
      }
      try addReference(aside + "/trainer/reference")
      if let ahead {
        try GenerationRecord.write(
          ahead, step: counters.step + 1, to: aside + "/" + aheadName)
      }
      let encoder = JSONEncoder()
      encoder.outputFormatting = .sortedKeys
      let state: Data
      do {
        state = try encoder.encode(
          State(
            format: format, counters: counters, components: states.isEmpty ? nil : states))
      } catch {
        throw FulcrumError(.inputOutput, "could not write the counters: \(error)", at: path)
      }
      try SafeFiles.write(state, to: aside + "/" + Self.state)
      try Checksums.write(in: aside, last: Self.state)
    }
    try directory.prune(keep: keep)
    return Checkpoint(path: path, counters: counters, states: states)
  }

  /// Opens the checkpoint that a configuration's run begins from; `nil`: it begins at step 0.
  ///
  /// - Throws: `.configuration` if it names a folder that is no checkpoint, `.checkpoint` if it is
  ///   damaged.
  package static func start(of configuration: RunConfiguration) throws(FulcrumError) -> Checkpoint?
  {
    guard let path = configuration.general.start else { return nil }
    do throws(FulcrumError) {
      return try Checkpoint(path)
    } catch  where error.code == .notFound {
      let missing = FulcrumError(
        .notFound, "expected a run's checkpoint, found none at \(path)", at: "start",
        hint: RunDirectory.remedy(for: path)
          ?? "name a folder RUN/checkpoints/step-N; a policy without an optimiser's state goes"
          + " under policy.checkpoint")
      let tree = configuration.tree
      throw tree.placed(MissingPath(tree).explain(missing, path: path))
    } catch {
      throw configuration.tree.placed(error.within("start"))
    }
  }

  /// - Throws: `.configuration` if this checkpoint to begin from leaves no step to do.
  package func requireWork(for configuration: RunConfiguration) throws(FulcrumError) {
    let steps = configuration.general.steps
    guard step >= steps else { return }
    throw configuration.tree.placed(
      FulcrumError(
        .configuration,
        "expected a checkpoint before the run's last step, which is \(steps), got one of step"
          + " \(step): nothing is left to do",
        at: "start",
        hint: "steps counts from the first run's beginning: raise it above \(step)"))
  }
}
