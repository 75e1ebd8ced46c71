import ArgumentParser
import Foundation
import FulcrumKernel
import PluginHost
import Runs
import Settings
import YAML

struct ReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Train on the rollouts that a run recorded, with other methods: nothing is sampled.",
    discussion: """
      'fulcrum train CONFIG --record' writes every step's rollout. A replay with the same \
      configuration makes the same policy to the bit; with another advantage, schedule or objective \
      (--set) it shows what that alone changes. Rewards are given anew.

        fulcrum replay runs/a --output runs/a-plain --set schedule=single

      A step that failed left its rollout in faults/: replay it from the checkpoint before it with \
      --from STEP --rollouts RUN/faults.
      """)

  @Argument(help: ArgumentHelp("The run directory.", valueName: "run"), completion: .directory)
  var path: String

  @Option(help: "The replay's own run directory; by default RUN-replay.")
  var output: String?

  @Option(help: "Begin with the run's checkpoint of this step, not at its start.")
  var from: Int?

  @Option(
    help: "The folder with the recorded rollouts; by default RUN/rollouts.", completion: .directory)
  var rollouts: String?

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: "Override a key of the run's configuration. May be given again and again.")
  var overrides: [String] = []

  @OptionGroup var session: SessionOptions

  func run() throws {
    let source = try RunDirectory(opening: path)
    let folder = rollouts ?? source.rollouts
    let recorded = RolloutRecord.steps(in: folder)
    guard let first = recorded.first, let last = recorded.last else {
      throw FulcrumError(
        .notFound, "expected recorded rollouts step-N.jsonl, found none", at: folder,
        hint: "record a run with 'fulcrum train CONFIG --record'")
    }
    guard first <= (from ?? 0) + 1 else {
      throw FulcrumError(
        .usage,
        "the first recorded rollout is of step \(first), the replay begins at step"
          + " \((from ?? 0) + 1)", at: folder,
        hint: "give --from \(first - 1), if the run has a checkpoint of that step")
    }
    guard last > from ?? 0 else {
      throw FulcrumError(
        .usage,
        "the last recorded rollout is of step \(last), the replay begins at step"
          + " \((from ?? 0) + 1)", at: folder, hint: "give --from an earlier step")
    }
    let trimmed = path.hasSuffix("/") ? String(path.dropLast()) : path
    var own = [
      "rollout.replay": folder, "output": trimmed + "-replay",
    ]
    if let from { own["start"] = "\(source.checkpoints)/step-\(from)" }
    for override in overrides { own[String(override.prefix { $0 != "=" })] = nil }
    if let output { own["output"] = output }
    var tree = try WorkingFolder.enter(for: source.configuration, overrides: overrides)
    for (key, place) in own { try tree.set(key, toText: WorkingFolder.path(place)) }
    if !overrides.contains(where: { $0.hasPrefix("logging.record=") }) {
      try tree.set("logging.record=false")
    }
    try Interrupt.end(
      isComplete: TrainingSession.inForeground(session).begin(
        try RunConfiguration.checked(tree, host: Plugins.host)))
  }
}
