import ArgumentParser
import Files
import Foundation
import FulcrumKernel
import JSON
import PluginHost
import Runs
import Settings
import Training
import YAML

struct RewardCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reward", abstract: "Try a reward function.",
    subcommands: [RewardScoreCommand.self])
}

struct RewardScoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "score", abstract: "Score completions from a file of JSON lines.",
    discussion: """
      Each line holds {"id", "prompt", "completion", "answer"}, and "finished", "tokens" and \
      "token_limit" where they are known, and "fields" with the rest of the item's row; an empty prompt \
      means that the completion is the whole text. A run's samples/step-N.jsonl and rollouts/step-N.jsonl will do too. Prints a table; each \
      line of an output file holds {"id", "reward", "outcome", "parts"}. A completion without a score \
      has a reward of null and a "reason". Exit status 1 if none has a score.

        fulcrum reward score --use math --input samples.jsonl
        fulcrum reward score --use process --set 'command=[./judge]' --input a.jsonl
      """)

  @Option(
    help: "The reward's name: a component, plugin/component, or a library's path.",
    completion: .plugins)
  var use: String

  @Option(help: "JSON lines to read.", completion: .file())
  var input: String

  @Option(help: "JSON lines to write, rather than to print a table.", completion: .file())
  var output: String?

  @Option(
    name: .customLong("set"), parsing: .singleValue, help: "A parameter of the reward: name=value.")
  var overrides: [String] = []

  @Option(
    name: .customLong("plugin-path"), help: "A folder to look in first.", completion: .directory)
  var pluginPath: [String] = []

  func run() throws {
    var tree = try ConfigurationTree(text: "reward: {use: \"\(use)\"}", file: "--set")
    for override in overrides { try tree.set("reward.\(override)") }
    let factory = ComponentFactory(
      host: Plugins.host(pluginPath), context: ComponentContext())
    let reward = try factory.reward(try RunConfiguration(tree: tree).choice(.reward))
    let records = try RewardRecord.read(input)
    let scores = try Self.scores(of: records, by: reward)
    if let output {
      let lines = zip(records, scores).map { $0.line($1).text + "\n" }
      try SafeFiles.write(lines.joined(), to: output)
    } else {
      print(RewardTable.text(records, scores))
    }
    print(RewardTable.summary(scores))
    if let first = scores.first, scores.allSatisfy(\.isMissing) {
      throw FulcrumError(
        .data,
        "expected a score for some completion, got none; the first has the outcome"
          + " '\(first.outcome.rawValue)'" + (first.reason.map { ": \($0)" } ?? ""), at: input)
    }
  }

  /// Scores all completions at once, as a run does. If that fails, scores them one by one, to name
  /// the line at fault. An error of another code than these is the reward's own, and no line's.
  private static func scores(
    of records: [RewardRecord], by reward: WeightedReward
  ) throws(FulcrumError) -> [RewardScore] {
    do {
      return try reward.scores(of: records.map(\.sample))
    } catch {
      guard [.data, .parameter, .pluginFault, .unsupported].contains(error.code) else {
        throw error
      }
      for record in records {
        do {
          _ = try reward.scores(of: [record.sample])
        } catch {
          throw error.within(record.place)
        }
      }
      throw error
    }
  }
}
