import ArgumentParser

struct PluginCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plugin",
    abstract: "Show what plugins there are and what they take; begin, check and pin one.",
    subcommands: [
      PluginListCommand.self, PluginInfoCommand.self, PluginReferenceCommand.self,
      PluginNewCommand.self, PluginLockCommand.self, PluginForeignCheckCommand.self,
      PluginCheckCommand.self, PluginCheckWorkerCommand.self, PluginSurveyWorkerCommand.self,
    ])

  /// Tells whether a command line is that of a process whose end another one watches already.
  static func isWorker(_ arguments: [String]) -> Bool {
    if arguments.count > 1, arguments[1] == MethodsWorkerCommand.name { return true }
    let workers = [
      PluginForeignCheckCommand.configuration, PluginCheckWorkerCommand.configuration,
      PluginSurveyWorkerCommand.configuration,
    ].compactMap(\.commandName)
    return arguments.count > 2 && arguments[1] == configuration.commandName
      && workers.contains(arguments[2])
  }
}
