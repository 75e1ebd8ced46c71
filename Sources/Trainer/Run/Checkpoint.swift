import Foundation
import FulcrumKernel

/// A policy's folder with what the trainer needs to go on: `checkpoints/step-N/`.
///
/// The folder itself is a checkpoint that the policy's `checkpoint` parameter can name; the folder
/// `trainer` within holds the optimiser's state and the counters.
package struct Checkpoint: Sendable {
  package let path: String
  package let step: Int
  /// Completion tokens that the run had sampled.
  package let tokens: Int

  package var optimizer: String { path + "/trainer/optimizer" }

  private struct State: Codable {
    var format: Int
    var step: Int
    var tokens: Int
  }

  /// Writes a checkpoint aside and renames it, then removes all but the newest `keep`.
  package static func write(
    _ policy: any PolicyModel, step: Int, tokens: Int, in directory: RunDirectory, keep: Int
  ) throws(FulcrumError) -> Checkpoint {
    let path = directory.checkpoints + "/step-\(step)"
    try SafeFiles.writeFolder(path) { (aside) throws(FulcrumError) in
      try policy.save(to: aside)
      try SafeFiles.makeFolder(aside + "/trainer/optimizer")
      try policy.saveOptimizer(to: aside + "/trainer/optimizer")
      let state = #"{"format": 1, "step": \#(step), "tokens": \#(tokens)}"#
      try SafeFiles.write(state + "\n", to: aside + "/trainer/state.json")
    }
    for old in all(in: directory).dropLast(keep) { try SafeFiles.remove(old.path) }
    return Checkpoint(path: path, step: step, tokens: tokens)
  }

  /// The complete checkpoints, oldest first.
  package static func all(in directory: RunDirectory) -> [Checkpoint] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: directory.checkpoints)) ?? []
    return names.filter { $0.hasPrefix("step-") }.compactMap { name in
      let path = directory.checkpoints + "/" + name
      guard let data = FileManager.default.contents(atPath: path + "/trainer/state.json"),
        let state = try? JSONDecoder().decode(State.self, from: data), state.format == 1
      else { return nil }
      return Checkpoint(path: path, step: state.step, tokens: state.tokens)
    }.sorted { $0.step < $1.step }
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
