import ArgumentParser
import ForeignPlugins
import PluginHost
import Runs

/// What the host runs in a child process before it maps a foreign library.
struct PluginForeignCheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "foreign-check", abstract: "Run a manifest's worked examples in this process.",
    discussion: "The host reads the report; for people there is 'fulcrum plugin info'.",
    shouldDisplay: false)

  @Argument(help: "The manifest's path.")
  var manifest: String

  func run() throws { try ForeignTrial.run(manifest: manifest) }
}
