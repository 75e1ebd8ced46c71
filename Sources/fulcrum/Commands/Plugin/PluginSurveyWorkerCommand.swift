import ArgumentParser
import PluginChecks
import PluginHost
import Runs
import Settings

/// Loads libraries for a search among all of them, in a process of its own.
struct PluginSurveyWorkerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "survey-worker", abstract: "Load libraries and tell what they have.",
    shouldDisplay: false)

  @Option(help: "The interpreter of plugins in Python.")
  var python: String

  @Argument(help: "The libraries' paths.")
  var paths: [String]

  func run() throws {
    let settings = PluginSettings(python: python)
    let worker = SurveyWorker(paths, output: StandardOutput.descriptor) { Plugins.host(settings) }
    worker.run()
  }

  /// Returns the words that make this program a worker.
  static func arguments(python: String, paths: [String]) -> [String] {
    ["plugin", "survey-worker", "--python", python, "--"] + paths
  }
}
