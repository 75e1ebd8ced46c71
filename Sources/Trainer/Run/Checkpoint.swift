import Foundation
import FulcrumKernel

/// A policy's folder with what the trainer needs to go on: `checkpoints/step-N/`.
///
/// The folder itself is a checkpoint that the policy's `checkpoint` parameter can name; the folder
/// `trainer` within holds the optimiser's state and the counters.
package struct Checkpoint: Sendable {
  package let path: String
  package let counters: RunCounters

  package var step: Int { counters.step }
  package var optimizer: String { path + "/trainer/optimizer" }
  /// A reference policy that moved, if the run has one.
  package var reference: String? {
    let folder = path + "/trainer/reference"
    return FileManager.default.fileExists(atPath: folder) ? folder : nil
  }

  private struct State: Codable {
    var format: Int
    var counters: RunCounters
  }

  /// Writes a checkpoint aside and renames it, then removes all but the newest `keep`.
  ///
  /// - Parameter addReference: writes a reference policy that moved into a folder that it makes.
  package static func write(
    _ policy: any PolicyModel, counters: RunCounters, in directory: RunDirectory, keep: Int,
    addReference: (_ folder: String) throws(FulcrumError) -> Void = { (_) throws(FulcrumError) in }
  ) throws(FulcrumError) -> Checkpoint {
    let path = directory.checkpoints + "/step-\(counters.step)"
    try SafeFiles.writeFolder(path) { (aside) throws(FulcrumError) in
      try policy.save(to: aside)
      try SafeFiles.makeFolder(aside + "/trainer/optimizer")
      try policy.saveOptimizer(to: aside + "/trainer/optimizer")
      try addReference(aside + "/trainer/reference")
      do {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let state = try encoder.encode(State(format: 2, counters: counters))
        try SafeFiles.write(state, to: aside + "/trainer/state.json")
      } catch let error as FulcrumError {
        throw error
      } catch {
        throw FulcrumError(.inputOutput, "could not write the counters: \(error)", at: path)
      }
    }
    for old in all(in: directory).dropLast(keep) { try SafeFiles.remove(old.path) }
    return Checkpoint(path: path, counters: counters)
  }

  /// The checkpoint that a configuration's run begins from; `nil`: it begins at step 0.
  ///
  /// - Throws: `.configuration` if it names a folder that is none.
  package static func start(of configuration: RunConfiguration) throws(FulcrumError) -> Checkpoint?
  {
    let path = try configuration.general.text("start")
    guard !path.isEmpty else { return nil }
    guard let checkpoint = read(path) else {
      throw FulcrumError(
        .configuration, "expected a run's checkpoint, found none at \(path)", at: "start",
        hint: "name a folder RUN/checkpoints/step-N; a policy without an optimiser's state goes"
          + " under policy.checkpoint")
    }
    return checkpoint
  }

  /// The complete checkpoints, oldest first.
  package static func all(in directory: RunDirectory) -> [Checkpoint] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: directory.checkpoints)) ?? []
    return names.filter { $0.hasPrefix("step-") }.compactMap { name in
      read(directory.checkpoints + "/" + name)
    }.sorted { $0.step < $1.step }
  }

  private static func read(_ path: String) -> Checkpoint? {
    guard let data = FileManager.default.contents(atPath: path + "/trainer/state.json"),
      let state = try? JSONDecoder().decode(State.self, from: data), state.format == 2
    else { return nil }
    return Checkpoint(path: path, counters: state.counters)
  }

  /// - Throws: `.checkpoint` if the run has none.
  package static func newest(in directory: RunDirectory) throws(FulcrumError) -> Checkpoint {
    guard let newest = all(in: directory).last else {
      throw FulcrumError(
        .checkpoint, "expected a complete checkpoint, found none", at: directory.checkpoints,
        hint: "the run stopped before its first checkpoint: start it again with 'fulcrum train'"
          + " and another output, and set checkpoint.every")
    }
    return newest
  }
}
