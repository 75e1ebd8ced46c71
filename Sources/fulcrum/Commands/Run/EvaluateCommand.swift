import ArgumentParser
import Foundation
import FulcrumKernel
import JSON
import Runs
import Training

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Measure a policy's accuracy on held-out items, by category.",
    discussion: "Takes a configuration, or a run directory (then its newest checkpoint).")

  @OptionGroup var options: RunOptions

  @Option(help: "A checkpoint folder instead of the configuration's or the run's newest.")
  var checkpoint: String?

  @Flag(help: "Print one JSON object instead of a table.")
  var json = false

  func run() throws {
    var isDirectory: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: options.config, isDirectory: &isDirectory)
    var options = options
    var checkpoint = checkpoint
    if exists, isDirectory.boolValue {
      let directory = try RunDirectory(opening: options.config)
      options.config = directory.configuration
      if checkpoint == nil {
        checkpoint = try CheckpointSearch(directory).required(note: Fulcrum.report).path
      }
    }
    if let given = self.checkpoint { try Checkpoint.verify(given) }
    let setup = try RunSetup(
      try options.configuration(), checkpoint: checkpoint, host: Plugins.host)
    guard setup.policy.isReady else {
      throw FulcrumError(
        .configuration, "expected a policy with weights, got one without a checkpoint",
        at: options.config, hint: "give --checkpoint FOLDER")
    }
    let items = try setup.heldOutItems()
    let display = ProgressDisplay()
    let evaluation = try setup.evaluator(try setup.makeRewards()).run(items) {
      display.evaluated($0, of: items.count)
    }
    display.clear()
    if json {
      print(evaluation.line.text)
    } else {
      print(EvaluationTable.text([("accuracy", evaluation)]))
    }
  }
}
