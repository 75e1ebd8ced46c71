import ArgumentParser
import FulcrumKernel

/// Refuses a command that there isn't by the name that was probably meant. The parser would take it for
/// an argument too many.
enum UnknownCommand {
  /// - Parameter arguments: those of the command line, without the program's name.
  static func refuse(_ arguments: [String]) throws(FulcrumError) {
    var commands = Fulcrum.configuration.subcommands
    var known = "fulcrum"
    for argument in arguments where !commands.isEmpty {
      guard !argument.hasPrefix("-") else { return }
      if argument == "help" { continue }
      let names = commands.map { $0.configuration.commandName ?? "" }
      guard let index = names.firstIndex(of: argument) else {
        throw FulcrumError(
          .usage, "unknown command '\(argument)'", at: known,
          hint: NearNames.hint(
            for: argument,
            among: commands.filter { $0.configuration.shouldDisplay }.compactMap {
              $0.configuration.commandName
            }))
      }
      known += " \(argument)"
      commands = commands[index].configuration.subcommands
    }
  }

  /// Returns the parser's message, with `--help` for what is nearly that: the parser looks for a name among
  /// all others.
  static func clearer(_ message: String) -> String {
    guard let unknown = message.firstMatch(of: /Unknown option '--([A-Za-z-]+)'\./),
      !NearNames.of(String(unknown.1), among: ["help"]).isEmpty
    else { return message }
    return message.replacing(
      /Unknown option '--[A-Za-z-]+'\.( Did you mean '[^']*'\?)?/,
      with: "Unknown option '--\(unknown.1)'. Did you mean '--help'?", maxReplacements: 1)
  }
}
