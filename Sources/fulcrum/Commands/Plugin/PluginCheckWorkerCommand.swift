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
    let worker = CheckWorker(
      reference: request.plugin, host: request.host, given: try request.given(),
      limit: request.timeLimit, output: StandardOutput.descriptor,
      contract: ContractSuites.promises)
    worker.run(from: loadOnly ? nil : from)
  }
}
