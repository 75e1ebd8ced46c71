import ArgumentParser

struct PluginCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plugin", abstract: "Show what plugins there are and what they take.",
    subcommands: [
      PluginListCommand.self, PluginInfoCommand.self,
      PluginCheckCommand.self, PluginCheckWorkerCommand.self,
    ])
}
