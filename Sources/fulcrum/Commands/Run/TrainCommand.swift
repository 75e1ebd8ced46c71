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
    discussion: "Keys of a configuration:\n" + ConfigurationManual.text
      + "\nA component's parameters: 'fulcrum plugin info NAME'.")

  @OptionGroup var options: RunOptions
  @OptionGroup var session: SessionOptions

  @Flag(help: "Write every step's whole rollout, for 'fulcrum replay'.")
  var record = false

  func run() throws {
    var options = options
    if record { options.overrides.append("logging.record=true") }
    try TrainingSession.inForeground(session).begin(try options.configuration())
  }
}

struct ResumeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "Go on with a run from its newest checkpoint.",
    discussion: """
      The result is the same to the bit as that of a run that never stopped. A damaged \
      checkpoint is renamed, and the one before it is taken. A run without a checkpoint begins again.
      """)

  @Argument(help: ArgumentHelp("The run directory.", valueName: "run"))
  var path: String

  @Option(help: "Threads to keep busy; the results don't depend on it.")
  var threads: Int?

  @OptionGroup var session: SessionOptions

  func run() throws { try TrainingSession.inForeground(session).resume(path, threads: threads) }
}

extension TrainingSession {
  /// A session that this command's terminal shows and Ctrl-C stops.
  static func inForeground(_ options: SessionOptions) -> TrainingSession {
    CrashNote.watch()
    return TrainingSession(
      host: Plugins.host, observer: ProgressDisplay(), isVerbose: options.verbose
    ) {
      Interrupt.isRequested
    }
  }
}
