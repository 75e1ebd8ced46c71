import Foundation
import FulcrumKernel

/// What a run leaves on disk: `run.yaml`, `metrics.jsonl`, `evaluations.jsonl`, `samples/`,
/// `checkpoints/`.
package struct RunDirectory: Sendable {
  package let path: String

  package var configuration: String { path + "/run.yaml" }
  package var metrics: String { path + "/metrics.jsonl" }
  package var evaluations: String { path + "/evaluations.jsonl" }
  package var samples: String { path + "/samples" }
  package var checkpoints: String { path + "/checkpoints" }
  /// Whole rollouts, where they are recorded.
  package var rollouts: String { path + "/rollouts" }
  /// Rollouts on which a step failed.
  package var faults: String { path + "/faults" }

  /// A new run's directory.
  ///
  /// - Throws: `.usage` if it holds a run already.
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

  /// The directory of a run that was begun.
  package init(opening path: String) throws(FulcrumError) {
    self.path = path
    guard FileManager.default.fileExists(atPath: configuration) else {
      throw FulcrumError(
        .notFound, "expected a run directory, found no run.yaml", at: path,
        hint: "name the directory that 'fulcrum train' printed")
    }
  }

  /// Drops the lines of steps after `step`, which a run that stopped in between had written.
  package func rewind(to step: Int) throws(FulcrumError) {
    for file in [metrics, evaluations] {
      let kept = Self.lines(of: file).filter { (Self.step(of: $0) ?? 0) <= step }
      try SafeFiles.write(kept.map { $0 + "\n" }.joined(), to: file)
    }
  }

  package static func lines(of file: String) -> [String] {
    guard let data = FileManager.default.contents(atPath: file) else { return [] }
    return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  private static func step(of line: String) -> Int? {
    let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
    return object?["step"] as? Int
  }
}
