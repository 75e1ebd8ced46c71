import Files
import Foundation
import FulcrumKernel
import Settings
import Training
import YAML

/// Makes a run longer than it was begun: to the bits of a run that had as many steps from the start.
struct RunExtension {
  private let directory: RunDirectory
  private let steps: Int

  /// - Parameters:
  ///   - steps: the number of steps that the run is to have.
  ///   - done: the number of those that are done.
  ///   - isBegun: whether some of them are this run's own.
  ///   - tree: the run's configuration, whose steps are changed.
  /// - Throws: `.usage` if as many steps are done, or if those that are done would have been others
  ///   in a run of that length.
  init(
    _ directory: RunDirectory, to steps: Int, from done: Int, isBegun: Bool,
    tree: inout ConfigurationTree
  ) throws(FulcrumError) {
    self.directory = directory
    self.steps = steps
    let begun = try RunConfiguration(tree: tree)
    guard steps > done else {
      throw FulcrumError(
        .usage, "expected more than the \(done) steps that are done, got \(steps)", at: "--steps",
        hint: "a shorter run is another one: give it a directory of its own")
    }
    try tree.set("steps=\(steps)")
    guard !begun.rollout.isAhead || done < begun.general.steps else {
      throw FulcrumError(
        .usage,
        "rollout.ahead is 1: step \(done + 1) would have been sampled while step \(done), the run's"
          + " last, trained, and was not", at: "--steps",
        hint: Self.newRun(from: directory, step: done))
    }
    let decay = begun.update.learningRate.decay
    guard isBegun, decay != .constant, steps != begun.general.steps else { return }
    throw FulcrumError(
      .usage,
      "update.decay is \(decay.rawValue): the learning rates of the steps that are done follow from"
        + " the run's \(begun.general.steps) steps, and would have been others in one of \(steps)",
      at: "--steps", hint: Self.newRun(from: directory, step: done))
  }

  /// Says how a new run begins where a run is.
  static func newRun(from directory: RunDirectory, step: Int) -> String {
    "a new run can begin there: 'fulcrum train \(directory.configuration) --set"
      + " start=\(directory.checkpoint(step: step)) --set steps=N --set output=DIRECTORY'"
  }

  /// Writes the number of steps into `run.yaml`; nothing else there changes.
  func write() throws(FulcrumError) {
    let key = "steps:"
    let text = try YAMLText.read(
      directory.configuration,
      missing: FulcrumError(.notFound, "expected the file, found none", at: directory.configuration)
    )
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    if let place = lines.firstIndex(where: { $0.hasPrefix(key) }) {
      lines[place] = "\(key) \(steps)"
    } else {
      lines.insert("\(key) \(steps)", at: 0)
    }
    try SafeFiles.write(lines.joined(separator: "\n"), to: directory.configuration)
  }
}
