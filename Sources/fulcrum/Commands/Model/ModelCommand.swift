import ArgumentParser

struct ModelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "model", abstract: "Look into model folders, and make them of other formats.",
    subcommands: [
      ModelInfoCommand.self, ModelTokenizeCommand.self, ModelScoreCommand.self,
      ModelImportCommand.self,
    ])
}
