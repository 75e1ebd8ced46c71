import Files
import Foundation
import FulcrumKernel
import JSON

extension RunDirectory {
  package func checkpoint(step: Int) -> String { "\(checkpoints)/step-\(step)" }

  /// Returns the steps that have a checkpoint, whole or damaged, in order.
  ///
  /// - Throws: `.inputOutput` if the folder can't be read.
  package func checkpointSteps() throws(FulcrumError) -> [Int] {
    try Self.names(in: checkpoints).compactMap { Self.step($0, suffix: "") }.sorted()
  }

  /// Brings the directory to its state at the end of `step`: drops what a run left that stopped
  /// later, or in the middle of a write.
  ///
  /// Rollouts in `faults/` stay: a step that fails again writes the same.
  ///
  /// - Parameter keepsEvaluation: whether the evaluation after that step stays. One that only the
  ///   end of a run brought is not in a longer run.
  package func rewind(to step: Int, keepsEvaluation: Bool = true) throws(FulcrumError) {
    for folder in [samples, checkpoints] { try SafeFiles.makeFolder(folder) }
    for folder in [path, samples, evaluationSamples, rollouts, faults, checkpoints] {
      for name in try Self.names(in: folder) where name.hasSuffix(SafeFiles.unfinished) {
        try SafeFiles.remove(folder + "/" + name)
      }
    }
    for (file, last) in [(metrics, step), (evaluations, keepsEvaluation ? step : step - 1)] {
      let text = Self.kept(Self.lines(of: file), to: last).map { $0 + "\n" }.joined()
      if FileManager.default.contents(atPath: file) != Data(text.utf8) {
        try SafeFiles.write(text, to: file)
      }
    }
    try EventLog.rewind(events, to: step, keepsEvaluation: keepsEvaluation)
    let evaluated = keepsEvaluation ? step : step - 1
    for (folder, last) in [(samples, step), (rollouts, step), (evaluationSamples, evaluated)] {
      for name in try Self.names(in: folder) {
        guard let number = Self.step(name, suffix: ".jsonl"), number > last else { continue }
        try SafeFiles.remove(folder + "/" + name)
      }
    }
  }

  /// Removes all checkpoints but the newest `keep`.
  package func prune(keep: Int) throws(FulcrumError) {
    for step in try checkpointSteps().dropLast(keep) {
      try SafeFiles.removeFolder(checkpoint(step: step))
    }
  }

  /// Puts on the disk all that was written up to a checkpoint's step: after a loss of power the
  /// checkpoint must not be there without it.
  package func sync() throws(FulcrumError) {
    let folders = [samples, evaluationSamples, rollouts, tensorboard]
    for place in [metrics, evaluations, events] + folders + [path]
    where FileManager.default.fileExists(atPath: place) { try SafeFiles.sync(place) }
  }

  /// Returns the lines of a log up to a step. A last line that is no JSON was cut short by a crash.
  private static func kept(_ lines: [String], to step: Int) -> [String] {
    var lines = Array(lines.prefix { (self.step(of: $0) ?? 0) <= step })
    while let last = lines.last, self.step(of: last) == nil { lines.removeLast() }
    return lines
  }

  private static func step(of line: String) -> Int? {
    (try? JSONReader.parse(Array(line.utf8)))?["step"]?.integer
  }

  /// Returns the N of a name `step-N` with a suffix.
  private static func step(_ name: String, suffix: String) -> Int? {
    guard name.hasPrefix("step-"), name.hasSuffix(suffix) else { return nil }
    let digits = name.dropFirst(5).dropLast(suffix.count)
    // Accepts a number only as it was written: no sign, no leading zeros.
    return Int(digits).flatMap { "\($0)" == digits && $0 >= 0 ? $0 : nil }
  }

  /// Returns the names in a folder; none if there is no folder.
  private static func names(in folder: String) throws(FulcrumError) -> [String] {
    guard FileManager.default.fileExists(atPath: folder) else { return [] }
    guard let list = opendir(folder) else { throw SystemFault.error("list the folder", folder) }
    closedir(list)
    return (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
  }
}
