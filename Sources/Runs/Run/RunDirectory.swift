import Files
import Foundation
import FulcrumKernel

/// Names the files of a run: `run.yaml`, `run.lock`, `run.stage`, `metrics.jsonl`,
/// `evaluations.jsonl`, `samples/`, `tensorboard/`, `checkpoints/`; where there is reason,
/// `rollouts/` and `faults/` (Documentation/Faults.md).
package struct RunDirectory: Sendable {
  package let path: String

  package var configuration: String { path + "/run.yaml" }
  /// The file with the last process's stage mark (see `StageMark`).
  package var stage: String { path + "/run.stage" }
  package var metrics: String { path + "/metrics.jsonl" }
  package var evaluations: String { path + "/evaluations.jsonl" }
  package var samples: String { path + "/samples" }
  package var tensorboard: String { path + "/tensorboard" }
  /// The file for TensorBoard, which reads files with `tfevents` in their names.
  package var events: String { tensorboard + "/events.out.tfevents.fulcrum" }
  package var checkpoints: String { path + "/checkpoints" }
  /// The folder of whole rollouts, where they are recorded.
  package var rollouts: String { path + "/rollouts" }
  /// The folder of rollouts on which a step failed.
  package var faults: String { path + "/faults" }

  /// Makes a new run's directory.
  ///
  /// - Throws: `.usage` if the directory holds a run already.
  package init(creating path: String) throws(FulcrumError) {
    self.path = path
    if FileManager.default.fileExists(atPath: configuration) {
      throw FulcrumError(
        .usage, "the directory already holds a run", at: path,
        hint: "continue it with 'fulcrum resume \(path)', or give another one with"
          + " --set output=DIRECTORY")
    }
    try SafeFiles.makeFolder(samples)
    try SafeFiles.makeFolder(checkpoints)
  }

  /// Opens the directory of a run that was begun.
  package init(opening path: String) throws(FulcrumError) {
    self.path = path
    guard FileManager.default.fileExists(atPath: configuration) else {
      throw FulcrumError(
        .notFound, "expected a run directory, found no run.yaml", at: path,
        hint: "name the directory that 'fulcrum train' printed")
    }
  }

  package static func lines(of file: String) -> [String] {
    guard let data = FileManager.default.contents(atPath: file) else { return [] }
    return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
  }
}
