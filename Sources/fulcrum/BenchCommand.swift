import ArgumentParser
import FulcrumKernel
import Trainer

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure a policy's speed against the machine's matrix peak, in one run.")

  @OptionGroup var options: PolicyOptions

  @OptionGroup var threads: ThreadOptions

  @Option(help: "Sequences in training and in decoding.")
  var sequences = 64

  @Option(name: .customLong("prompt-tokens"), help: "Tokens of each prompt.")
  var promptTokens = 64

  @Option(name: .customLong("completion-tokens"), help: "Tokens of each completion.")
  var completionTokens = 128

  @Option(help: "How often each measurement is repeated; the fastest counts.")
  var repeats = 3

  @Flag(help: "Print one JSON object.")
  var json = false

  func run() throws {
    guard sequences > 0, promptTokens > 0, completionTokens > 0, repeats > 0 else {
      throw FulcrumError(.usage, "expected positive numbers of sequences, tokens and repeats")
    }
    let count = try threads.count()
    let policy = try options.policy(threads: count)
    let bench = PolicyBench(
      policy: policy, sequences: sequences, promptTokens: promptTokens,
      completionTokens: completionTokens, repeats: repeats)
    let report = try bench.run()
    print(json ? report.line.text : report.text(summary: policy.summary, threads: count))
  }
}
