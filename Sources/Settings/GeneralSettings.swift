import Foundation
import FulcrumKernel

/// Holds the keys at the top of a configuration.
package struct GeneralSettings: SettingsSection {
  package static let key = ""
  /// The key that 'fulcrum' reads before all others: the folder in which it then works.
  package static let workingFolder = "working-folder"
  package static let schema: [Parameter] = [
    .integer("steps", default: 100, in: 1...10_000_000, help: "training steps (rollout batches)"),
    .integer(
      "threads", default: 0, in: 0...1024, help: "threads to keep busy; 0: all of the machine's"),
    .integer("seed", default: 1, in: 0...Int.max, help: "decides every random draw"),
    .text(
      "output", default: "runs/fulcrum",
      help: "the run directory; of 'fulcrum sft', the checkpoint folder"),
    .text(
      "start", default: "",
      help: "a run's checkpoint folder to go on from in a new run: policy, optimiser and counters;"
        + " empty: at step 0 with policy.checkpoint"),
    .text(
      "arm", default: "",
      help: "the name of this way to train in reports; empty: the settings in which runs differ"),
    .texts(
      "arms", default: [],
      help: "other ways to train, NAME=key=value;key=value, for 'fulcrum arms' and the microscope"),
    .texts("plugin-path", default: [], help: "folders in which plugins are looked for first"),
    .text(
      "python", default: "",
      help: "the interpreter that runs plugins in Python; empty: FULCRUM_PYTHON, or python3"),
    .number(
      "python-time-limit", default: PluginSettings.defaultTimeLimit, in: 0.1...86_400,
      help: "the longest time for a call of a plugin in Python, in seconds"),
    .number(
      "python-start-limit", default: PluginSettings.defaultStartLimit, in: 1...86_400,
      help:
        "seconds for the start of a plugin in Python, and besides the limit for its first call of each"
        + " kind: imports, models"),
    .texts(
      "trackers", default: [],
      help:
        "programs that are told of the run as it goes, each with options: trackio, mlflow, 'wandb"
        + " project=mine', or a program's path"),
    .text(
      workingFolder, default: "",
      help:
        "the folder that relative paths start from, itself relative to the configuration's; empty:"
        + " the folder where the command runs"),
  ]

  /// The number of training steps.
  package let steps: Int
  /// The number of threads to keep busy: as configured, or the machine's cores.
  package let threads: Int
  package let seed: UInt64
  /// The run directory, or the checkpoint folder of a warm start.
  package let output: String
  /// A run's checkpoint folder to go on from; `nil`: the run begins at step 0.
  package let start: String?
  /// The configuration's name among its arms; `nil`: it has none.
  package let arm: String?
  /// The other arms, as texts (see `ArmChoice`).
  package let arms: [String]
  package let plugins: PluginSettings
  /// The programs that are told of the run, each with its options.
  package let trackers: [String]

  package init(_ values: Parameters) throws(FulcrumError) {
    steps = try values.integer("steps")
    let configured = try values.integer("threads")
    threads = configured > 0 ? configured : ProcessInfo.processInfo.activeProcessorCount
    seed = UInt64(try values.integer("seed"))
    output = try values.text("output")
    start = try values.optionalText("start")
    arm = try values.optionalText("arm")
    if let fault = arm.flatMap(ArmChoice.fault) { throw values.refuse("arm", fault) }
    arms = try values.texts("arms")
    trackers = try values.texts("trackers")
    plugins = PluginSettings(
      folders: try values.texts("plugin-path"), python: try values.optionalText("python"),
      pythonTimeLimit: try values.number("python-time-limit"),
      pythonStartLimit: try values.number("python-start-limit"))
  }
}
