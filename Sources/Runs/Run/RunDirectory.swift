import Files
import Foundation
import FulcrumKernel

/// Names the files of a run: `run.yaml`, `run.lock`, `run.stage`, `metrics.jsonl`,
/// `evaluations.jsonl`, `samples/`, `tensorboard/`, `checkpoints/`; where there is reason,
/// `evaluations/`, `rollouts/` and `faults/` (Documentation/Faults.md).
package struct RunDirectory: Sendable {
  package let path: String

  package var configuration: String { path + "/run.yaml" }
  /// The file with the last process's stage mark (see `StageMark`).
  package var stage: String { path + "/run.stage" }
  package var metrics: String { path + "/metrics.jsonl" }
  package var evaluations: String { path + "/evaluations.jsonl" }
  /// The folder of evaluations' completions, where they are written.
  package var evaluationSamples: String { path + "/evaluations" }
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
    guard Self.isRun(path) else {
      let runs = Self.runs(in: path)
      if !runs.isEmpty {
        let names =
          runs.allSatisfy { $0.contains("-seed-") }
          ? "\(path)/*-seed-*" : runs.map { "\(path)/\($0)" }.joined(separator: " ")
        throw FulcrumError(
          .notFound, "expected a run directory, got a folder with \(runs.count) of them", at: path,
          hint: "name one of them, or compare them: 'fulcrum compare \(names)'")
      }
      throw FulcrumError(
        .notFound, "expected a run directory, found no run.yaml", at: path,
        hint: "name the directory that 'fulcrum train' printed")
    }
  }

  private static func isRun(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: path + "/run.yaml")
  }

  /// Returns the names of the run directories in a folder.
  private static func runs(in folder: String) -> [String] {
    (FileSystem.names(inFolder: folder) ?? []).filter { isRun("\(folder)/\($0)") }.sorted()
  }

  /// Returns how to name a model in a folder that is a run's; `nil`: the folder is none.
  package static func remedy(for folder: String) -> String? {
    guard isRun(folder) else { return nil }
    let steps = (try? RunDirectory(opening: folder).checkpointSteps()) ?? []
    let newest = steps.last.map { "\(folder)/checkpoints/step-\($0)" }
    return newest.map { "it is a run's directory: name a checkpoint of it, as \($0)" }
      ?? "it is a run's directory, which has no checkpoint yet"
  }

  package static func lines(of file: String) -> [String] {
    guard let data = FileManager.default.contents(atPath: file) else { return [] }
    return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
  }
}
