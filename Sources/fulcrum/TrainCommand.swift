import ArgumentParser
import Foundation
import FulcrumKernel
import PluginHost
import Trainer

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Train a policy as a configuration says.",
    discussion: "Keys of a configuration:\n" + ConfigurationSchema.manual
      + "\nA component's parameters: 'fulcrum plugin info NAME'.")

  @OptionGroup var options: RunOptions

  @Flag(help: "Write every step's whole rollout, for 'fulcrum replay'.")
  var record = false

  func run() throws {
    var options = options
    if record { options.overrides.append("logging.record=true") }
    try TrainingSession.begin(try options.configuration())
  }
}

struct ResumeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "Go on with a run from its newest checkpoint.")

  @Argument(help: ArgumentHelp("The run directory.", valueName: "run"))
  var path: String

  @Option(help: "Threads to keep busy; the results don't depend on it.")
  var threads: Int?

  func run() throws {
    let directory = try RunDirectory(opening: path)
    var tree = try ConfigurationTree(file: directory.configuration)
    if let threads { try tree.set("threads=\(threads)") }
    let checkpoint = try Checkpoint.newest(in: directory)
    let setup = try RunSetup(
      try RunConfiguration(tree: tree), checkpoint: checkpoint.path,
      searchPath: Plugins.searchPath)
    try TrainingSession.run(setup, in: directory, from: checkpoint)
  }
}

/// A run in the foreground: what `train` and `resume` share.
enum TrainingSession {
  /// A new run, from its configuration's start.
  static func begin(_ configuration: RunConfiguration) throws {
    let start = try Checkpoint.start(of: configuration)
    let setup = try RunSetup(
      configuration, checkpoint: start?.path, searchPath: Plugins.searchPath)
    // Makes every component, so that a wrong request leaves nothing behind.
    _ = try setup.stepComponents(reference: start?.reference)
    let directory = try RunDirectory(creating: try configuration.general.text("output"))
    try SafeFiles.write(try setup.provenance(), to: directory.configuration)
    try run(setup, in: directory, from: start)
  }

  static func run(_ setup: RunSetup, in directory: RunDirectory, from checkpoint: Checkpoint?)
    throws
  {
    let display = ProgressDisplay()
    display.note("run directory \(directory.path)")
    display.note("policy \(setup.policy.summary), \(setup.threads) threads")
    for plugin in setup.factory.host.loaded {
      display.note("plugin \(plugin.name) \(plugin.version), sha256 \(plugin.digest.prefix(12))…")
    }
    if let checkpoint { display.note("going on after step \(checkpoint.step)") }
    Interrupt.watch()
    let ending = try TrainingRun(
      setup: setup, directory: directory, start: checkpoint, observer: display
    ).run { Interrupt.isRequested }
    switch ending {
    case .interrupted(let step):
      display.note(
        "stopped after step \(step); 'fulcrum resume \(directory.path)' goes on from there")
    case .completed(let before, let after):
      let table = EvaluationTable.text([("before", before), ("after", after)])
      let temperature = try setup.configuration.evaluation.number("temperature")
      let caption =
        "accuracy on held-out items, "
        + (temperature == 0
          ? "most likely tokens" : "one sample each at temperature \(temperature)")
      if !table.isEmpty { display.note("\n\(caption)\n\(table)\n") }
      display.note("run directory \(directory.path)")
    }
  }
}
