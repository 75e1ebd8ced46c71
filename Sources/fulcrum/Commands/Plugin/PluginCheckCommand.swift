import ArgumentParser
import FulcrumKernel
import PluginChecks
import PluginHost
import YAML

struct PluginCheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Check that a plugin keeps what its kinds promise.",
    discussion: """
      Each check runs in a process of its own, so a plugin that crashes, hangs or takes all memory \
      fails that check alone. Exit status: 0 all is well, 1 there are faults, 2 the request \
      was wrong or leaves out what a component needs.

        fulcrum plugin check grpo
        fulcrum plugin check my-idea --plugin-path my-idea/.build/release
        fulcrum plugin check my-reward --samples samples.jsonl

      The samples are JSON lines for the plugin's reward, as 'reward score' reads them: {"id", "prompt", \
      "completion", "answer"} and what else is known. A line may say what it expects: \
      {"expected_reward": 1, "expected_outcome": "correct"}.
      """)

  @OptionGroup var request: PluginCheckRequest

  @Flag(help: "Print one JSON object a check.")
  var json = false

  func run() throws {
    try request.checkTimeLimit()
    // Settings that can't be read are refused before anything is run.
    _ = try request.given()
    _ = try request.records()
    let supervisor = CheckSupervisor(executable: "/proc/self/exe", limit: request.timeLimit) {
      task in
      ["plugin", "check-worker"] + task + request.arguments
    }
    var table = PluginCheckTable(json: json)
    try supervisor.run(try request.host.inspect(request.plugin)) { table.add($0) }
    table.end()
    if table.faults > 0 { throw ExitCode(1) }
    if table.isIncomplete { throw ExitCode(2) }
  }
}

/// Holds the options that the command passes on to its workers.
struct PluginCheckRequest: ParsableArguments {
  @Argument(help: "A plugin's name, or a library's path.", completion: .plugins)
  var plugin: String

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: "A parameter of a component: component.parameter=value.")
  var overrides: [String] = []

  @Option(
    name: .customLong("plugin-path"), help: "A folder to look in first.", completion: .directory)
  var pluginPath: [String] = []

  @Option(
    help: "JSON lines that a reward is tried with, and what is expected of it.", completion: .file()
  )
  var samples: String?

  @Option(
    name: .customLong("time-limit"), help: "The longest that one check may take, in seconds.")
  var timeLimit = CheckLimits.seconds

  var host: PluginHost { Plugins.host(pluginPath) }

  /// The same request, as words of a command line.
  var arguments: [String] {
    overrides.flatMap { ["--set", $0] } + pluginPath.flatMap { ["--plugin-path", $0] }
      + (samples.map { ["--samples", $0] } ?? []) + ["--time-limit", "\(timeLimit)", "--", plugin]
  }

  func checkTimeLimit() throws(FulcrumError) {
    guard timeLimit > 0, timeLimit <= 3600 else {
      throw FulcrumError(
        .usage, "expected seconds above 0 and up to 3600, got \(timeLimit)", at: "--time-limit")
    }
  }

  /// Reads the samples that are given for a reward; none: no file is named.
  ///
  /// - Throws: what `RewardRecord` throws.
  func records() throws(FulcrumError) -> [RewardRecord] {
    guard let samples else { return [] }
    return try RewardRecord.read(samples)
  }

  /// Returns the given values by component and parameter.
  ///
  /// - Throws: `.usage` for a text that is not a setting.
  func given() throws(FulcrumError) -> [String: [String: ParameterValue]] {
    try ComponentSettings.values(overrides)
  }
}

/// Reads settings of components by their names: `component.parameter=value`.
enum ComponentSettings {
  /// Returns the values by component and parameter.
  ///
  /// - Throws: `.usage` for a text that is not a setting.
  static func values(_ settings: [String]) throws(FulcrumError) -> [String: [String:
    ParameterValue]]
  {
    var tree = try ConfigurationTree(text: "", file: "--set")
    for setting in settings { try tree.set(setting) }
    var given: [String: [String: ParameterValue]] = [:]
    for (component, node) in tree.root {
      guard case .section(let entries) = node else { throw noParameter(component) }
      for (name, node) in entries {
        guard let value = node.parameterValue else { throw noParameter(component) }
        given[component, default: [:]][name] = value
      }
    }
    return given
  }

  private static func noParameter(_ component: String) -> FulcrumError {
    FulcrumError(
      .usage, "expected component.parameter=value", at: "--set \(component)",
      hint: "fulcrum plugin info shows a plugin's components and their parameters")
  }
}
