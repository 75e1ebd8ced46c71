import ArgumentParser
import Files
import Foundation
import FulcrumKernel
import Microscope
import PluginHost
import Runs
import Settings
import YAML

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Train a policy as a configuration says.",
    discussion: """
        fulcrum train run.yaml
        fulcrum train run.yaml --set steps=20 --set output=runs/short

      Keys of a configuration:

      """ + ConfigurationManual.text + "\nA component's parameters: 'fulcrum plugin info NAME'.")

  @OptionGroup var options: RunOptions
  @OptionGroup var session: SessionOptions

  @Flag(help: "Write every step's whole rollout, for 'fulcrum replay'.")
  var record = false

  func run() throws {
    var options = options
    if record { options.overrides.append("logging.record=true") }
    try Interrupt.end(
      isComplete: TrainingSession.inForeground(session).begin(try options.runConfiguration()))
  }
}

struct ResumeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "Go on with a run from its newest checkpoint.",
    discussion: """
      The result is the same to the bit as that of a run that never stopped. A damaged \
      checkpoint is renamed, and the one before it is taken. A run without a checkpoint begins again. \
      With --steps a run, also a finished one, goes on to another number of steps, as if it had been \
      begun with it. A run whose files of data have changed stops, unless --changed-data is given.

        fulcrum resume runs/a
        fulcrum resume runs/a --steps 200
      """)

  @Argument(help: ArgumentHelp("The run directory.", valueName: "run"), completion: .directory)
  var path: String

  @Option(help: "Threads to keep busy; the results don't depend on it.")
  var threads: Int?

  @Option(help: "The number of steps that the run is to have, those that are done included.")
  var steps: Int?

  @Flag(
    name: .customLong("changed-data"),
    help: "Go on though files of data have changed since; run.yaml says so then.")
  var acceptsChangedData = false

  @OptionGroup var session: SessionOptions

  func run() throws {
    _ = try WorkingFolder.enter(for: try RunDirectory(opening: path).configuration)
    try Interrupt.end(
      isComplete: TrainingSession.inForeground(session).resume(
        WorkingFolder.path(path), threads: threads, steps: steps,
        acceptsChangedData: acceptsChangedData))
  }
}

extension TrainingSession {
  /// A session that this command's terminal shows and Ctrl-C stops.
  static func inForeground(_ options: SessionOptions) -> TrainingSession {
    TrainingSession(host: Plugins.host, observer: ProgressDisplay(), isVerbose: options.verbose) {
      StopRequest.isMade
    }
  }
}
