import ArgumentParser
import ForeignPlugins
import PluginHost
import Runs

/// Checks a foreign library in a child process, before the host maps it.
struct PluginForeignCheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "foreign-check", abstract: "Run a manifest's worked examples in this process.",
    discussion: "The host reads the report; for people there is 'fulcrum plugin info'.",
    shouldDisplay: false)

  @Argument(help: "The manifest's path.")
  var manifest: String

  func run() throws { try ForeignTrial.run(manifest: manifest, report: StandardOutput.descriptor) }
}
