import ArgumentParser
import Foundation
import FulcrumKernel
import PluginHost
import Trainer

struct RewardCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reward", abstract: "Try a reward function.",
    subcommands: [RewardScoreCommand.self])
}

struct RewardScoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "score", abstract: "Score completions from a file of JSON lines.",
    discussion: """
      Each line holds {"id", "prompt", "completion", "answer"}; an empty prompt means that the \
      completion is the whole text. Each line of the output holds {"id", "reward", "outcome", \
      "parts"}.
      """)

  @Option(help: "The reward's name: a component, plugin/component, or a library's path.")
  var use: String

  @Option(help: "JSON lines to read.")
  var input: String

  @Option(help: "JSON lines to write.")
  var output: String

  @Option(
    name: .customLong("set"), parsing: .singleValue, help: "A parameter of the reward: name=value.")
  var overrides: [String] = []

  @Option(name: .customLong("plugin-path"), help: "A folder to look in first.")
  var pluginPath: [String] = []

  func run() throws {
    var tree = try ConfigurationTree(text: "reward: {use: \"\(use)\"}", file: "--set")
    for override in overrides { try tree.set("reward.\(override)") }
    let factory = ComponentFactory(
      host: PluginHost(searchPath: Plugins.searchPath(pluginPath)), context: ComponentContext())
    let reward = try factory.reward(try RunConfiguration(tree: tree).choice("reward"))
    guard let data = FileManager.default.contents(atPath: input) else {
      throw FulcrumError(.notFound, "no readable file here", at: input)
    }
    var lines = ""
    let rows = String(decoding: data, as: UTF8.self).split(
      separator: "\n", omittingEmptySubsequences: false)
    for (index, row) in rows.enumerated() where !row.allSatisfy(\.isWhitespace) {
      let place = "\(input):\(index + 1)"
      let record = try RewardRecord(String(row), at: place)
      do {
        lines += record.line(try reward.component.score(record.sample)).text + "\n"
      } catch {
        throw error.within(place)
      }
    }
    try SafeFiles.write(lines, to: output)
  }
}

/// One line of the input.
private struct RewardRecord {
  let id: JSONLine.Value
  let sample: RewardSample

  init(_ row: String, at place: String) throws(FulcrumError) {
    guard let object = try? JSONSerialization.jsonObject(with: Data(row.utf8)) as? [String: Any]
    else {
      throw FulcrumError(
        .data, "expected a JSON object, got '\(row.prefix(40))'", at: place,
        hint: #"each line holds {"id", "prompt", "completion", "answer"}"#)
    }
    func text(_ key: String) throws(FulcrumError) -> String {
      guard let value = object[key] as? String else {
        throw FulcrumError(
          .data,
          "expected a text under \"\(key)\", got \(object[key].map { "\($0)" } ?? "nothing")",
          at: place, hint: #"each line holds {"id", "prompt", "completion", "answer"}"#)
      }
      return value
    }
    if let number = object["id"] as? Double {
      id = .number(number)
    } else {
      id = .text(try text("id"))
    }
    sample = RewardSample(
      prompt: try text("prompt"), completion: try text("completion"), answer: try text("answer"))
  }

  func line(_ score: RewardScore) -> JSONLine {
    JSONLine([
      ("id", id), ("reward", .number(score.reward)), ("outcome", .text(score.outcome.rawValue)),
      ("parts", .object(JSONLine(score.parts.map { ($0.name, .number($0.value)) }))),
    ])
  }
}
