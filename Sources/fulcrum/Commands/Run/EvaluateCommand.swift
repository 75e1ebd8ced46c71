import ArgumentParser
import Files
import Foundation
import FulcrumKernel
import JSON
import Runs
import Settings
import Training

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Measure a policy's accuracy on held-out items, by category.",
    discussion: """
      Takes a configuration, or a run directory (then its newest checkpoint).

        fulcrum evaluate runs/a
        fulcrum evaluate run.yaml --checkpoint runs/a/checkpoints/step-20 --json
        fulcrum evaluate runs/a --samples samples.jsonl
      """)

  @OptionGroup var options: RunOptions

  @Option(
    help: "A checkpoint folder instead of the configuration's or the run's newest.",
    completion: .directory)
  var checkpoint: String?

  @Option(
    help: "Also write each item's completions with their rewards to this file, as JSON lines.",
    completion: .file())
  var samples: String?

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
    if let given = self.checkpoint {
      guard FileSystem.names(inFolder: given) != nil else {
        throw FulcrumError(
          .notFound, "expected a checkpoint folder, found none at '\(given)'", at: "--checkpoint",
          hint: "name a model's folder, or a run's: RUN/checkpoints/step-N")
      }
      if let remedy = RunDirectory.remedy(for: given) {
        throw FulcrumError(
          .usage, "expected a checkpoint folder, got '\(given)'", at: "--checkpoint", hint: remedy)
      }
      try Checkpoint.verify(given)
    }
    let keys: [ComponentKey] = [.task, .policy, .reward, .transfer]
    let configuration = try options.configuration(keys: keys, checkpoint: checkpoint)
    let setup = try RunSetup(
      configuration, checkpoint: checkpoint.map(WorkingFolder.path), keys: keys, host: Plugins.host)
    guard setup.policy.isReady else {
      throw FulcrumError(
        .configuration, "expected a policy with weights, got one without a checkpoint",
        at: options.config, hint: "give --checkpoint FOLDER")
    }
    let rewards = try setup.makeRewards()
    let heldOut = try setup.heldOutItems(rewards)
    try heldOut.faults.requireNone()
    for note in heldOut.notes { Fulcrum.report(note) }
    let display = ProgressDisplay()
    let items = heldOut.items
    let evaluation = try setup.evaluator(rewards).run(
      heldOut, samplesTo: samples.map(WorkingFolder.path)
    ) {
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
