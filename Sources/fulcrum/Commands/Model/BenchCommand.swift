import ArgumentParser
import FulcrumKernel
import JSON
import Runs

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure a policy's speed against the machine's matrix peak, in one run.",
    discussion: """
        fulcrum bench --set width=256 --set layers=6 --set heads=8
        fulcrum bench --set checkpoint=models/a --prompts 8 --samples 4
      """)

  @OptionGroup var options: PolicyOptions

  @OptionGroup var threads: ThreadOptions

  @Option(help: "Prompts, of random tokens.")
  var prompts = 64

  @Option(name: .customLong("prompt-tokens"), help: "Tokens of each prompt.")
  var promptTokens = 64

  @Option(
    name: .customLong("prompt-file"),
    help: "Prompts instead: JSON lines with a text under \"prompt\".", completion: .file())
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

  func run() throws {
    guard prompts > 0, promptTokens > 0, samples > 0, completionTokens > 0, repeats > 0 else {
      throw FulcrumError(
        .usage, "expected positive numbers of prompts, samples, tokens and repeats")
    }
    let count = try threads.count()
    let policy = try options.policy(threads: count)
    let bench = PolicyBench(
      policy: policy,
      prompts: try promptFile.map { try BenchPrompts(file: $0) }
        ?? .random(count: prompts, tokens: promptTokens),
      samples: samples, completionTokens: completionTokens, repeats: repeats)
    let report = try bench.run()
    print(json ? report.line.text : report.text(summary: policy.summary, threads: count))
  }
}
