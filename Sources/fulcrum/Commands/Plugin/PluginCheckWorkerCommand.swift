import ArgumentParser
import FulcrumKernel
import PluginChecks
import PluginHost
import Runs

/// Runs a plugin's code for `plugin check`, in a process of its own.
struct PluginCheckWorkerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check-worker", abstract: "Run checks for 'plugin check'.", shouldDisplay: false)

  @Option(help: "The first check to run.")
  var from = 0

  @Flag(help: "Load the plugin and no more.")
  var loadOnly = false

  @OptionGroup var request: PluginCheckRequest

  func run() throws {
    try request.checkTimeLimit()
    let samples = try request.records().map(ExpectedSample.init)
    let worker = CheckWorker(
      reference: request.plugin, host: request.host, given: try request.given(),
      samples: samples.map(\.sample), limit: request.timeLimit, output: StandardOutput.descriptor
    ) { ContractSuites.promises(of: $0, $1, samples: samples) }
    worker.run(from: loadOnly ? nil : from)
  }
}
