import ArgumentParser

struct PluginCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plugin",
    abstract: "Show what plugins there are and what they take; begin, check and pin one.",
    subcommands: [
      PluginListCommand.self, PluginInfoCommand.self, PluginReferenceCommand.self,
      PluginNewCommand.self, PluginLockCommand.self, PluginForeignCheckCommand.self,
      PluginCheckCommand.self, PluginCheckWorkerCommand.self,
    ])
}
