import ArgumentParser
import Foundation
import FulcrumKernel
import PluginHost
import Trainer

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure a policy's speed against the machine's matrix peak, in one run.")

  @Option(help: "The policy's name; by default the only one installed.")
  var use: String?

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: "A parameter of the policy: checkpoint=FOLDER, or a shape's, for instance width=256.")
  var overrides: [String] = []

  @Option(help: "Threads to keep busy; 0: all of the machine's.")
  var threads = 0

  @Option(help: "Prompts, of random tokens.")
  var prompts = 64

  @Option(name: .customLong("prompt-tokens"), help: "Tokens of each prompt.")
  var promptTokens = 64

  @Option(
    name: .customLong("prompt-file"),
    help: "Prompts instead: JSON lines with a text under \"prompt\".")
  var promptFile: String?

  @Option(help: "Samples of each prompt.")
  var samples = 1

  @Option(
    name: .customLong("completion-tokens"),
    help: "Tokens of each completion; at most, where the policy ends it itself.")
  var completionTokens = 128

  @Option(help: "How often each measurement is repeated; the fastest counts.")
  var repeats = 3

  @Flag(help: "Print one JSON object.")
  var json = false

  @Option(name: .customLong("plugin-path"), help: "A folder to look in first.")
  var pluginPath: [String] = []

  func run() throws {
    guard prompts > 0, promptTokens > 0, samples > 0, completionTokens > 0, repeats > 0,
      threads >= 0
    else {
      throw FulcrumError(
        .usage, "expected positive numbers of prompts, samples, tokens and repeats")
    }
    let host = PluginHost(searchPath: Plugins.searchPath(pluginPath))
    let name = try use ?? Self.onlyPolicy(host)
    var tree = try ConfigurationTree(text: "policy: {use: \"\(name)\"}", file: "--set")
    for override in overrides { try tree.set("policy.\(override)") }
    let count = threads > 0 ? threads : ProcessInfo.processInfo.activeProcessorCount
    let factory = ComponentFactory(
      host: host, context: ComponentContext(seed: 1, threads: count))
    let policy = try factory.policy(try RunConfiguration(tree: tree).choice("policy"))
    let bench = PolicyBench(
      policy: policy,
      prompts: try promptFile.map { try BenchPrompts(file: $0) }
        ?? .random(count: prompts, tokens: promptTokens),
      samples: samples, completionTokens: completionTokens, repeats: repeats)
    let report = try bench.run()
    print(json ? report.line.text : report.text(summary: policy.summary, threads: count))
  }

  private static func onlyPolicy(_ host: PluginHost) throws -> String {
    var policies: [String] = []
    for listing in host.installed() where listing.isUsable {
      let plugin = try host.load(listing.path)
      policies += plugin.components(.policy).map { "\(plugin.name)/\($0.manual.name)" }
    }
    guard policies.count == 1, let only = policies.first else {
      throw FulcrumError(
        .usage, "expected one installed policy, found \(policies.count)", at: "--use",
        hint: policies.isEmpty
          ? "install a plugin with a policy" : "choose of " + policies.joined(separator: ", "))
    }
    return only
  }
}
