import ArgumentParser
import Foundation
import FulcrumKernel
import JSON
import PluginTesting
import Runs

struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Say what a configuration comes to, before it runs.",
    discussion: """
      Prints what a step and the run amount to, and warns of what is seldom meant. Samples a few prompts \
      to estimate the time.

        fulcrum explain run.yaml
        fulcrum explain run.yaml --full
        fulcrum explain run.yaml --set rollout.samples=16 --no-trial
      """)

  @OptionGroup var options: RunOptions

  @Flag(name: .customLong("no-trial"), help: "Sample nothing; there is no time estimate then.")
  var skipsTrial = false

  @Flag(help: "Print the configuration with every default, too.")
  var full = false

  @Flag(help: "Print one JSON object, which has the configuration.")
  var json = false

  func run() throws {
    let configuration = try options.runConfiguration()
    let start = try Checkpoint.start(of: configuration)
    try start?.requireWork(for: configuration)
    let setup = try RunSetup(configuration, checkpoint: start?.path, host: Plugins.host)
    let components = try RunComponents(setup, reference: start?.reference)
    let arithmetic = try BatchArithmetic(components)
    let data = try DataCheck(components)
    let resolved = try setup.resolvedComponents()
    let warnings =
      ConfigurationWarnings.found(in: components, arithmetic, resolved: resolved) + data.notes
      + (try Self.unlikeness(of: setup.task, data.heldOut.own))
    // Reads files of data whole, so only where it is printed.
    let yaml = json || full ? try setup.provenance(data: try setup.dataFiles()) : ""
    // A trial would fail at the items that are at fault.
    let trial = skipsTrial || !data.faults.isEmpty ? nil : try StepTrial(components, arithmetic)
    let memory = try MemoryEstimate(components, data)
    let lines =
      arithmetic.lines(memory) + data.lines + (trial?.lines(steps: arithmetic.steps) ?? [])
      + resolved.compactMap(\.origin)
    guard !json else {
      var line = JSONLine([
        ("configuration", .text(yaml)),
        ("prompts", .number(Double(arithmetic.prompts))),
        ("completions", .number(Double(arithmetic.completions))),
        ("minibatches", .number(Double(arithmetic.minibatches))),
        ("phases", .list(arithmetic.schedule.phases.map { .text($0) })),
        ("optimizer_steps", .number(Double(arithmetic.optimizerSteps))),
        ("state_bytes", .number((memory?.bytes ?? arithmetic.stateBytes).map(Double.init) ?? .nan)),
        ("warnings", .list(warnings.map { .text($0) })),
        ("faults", .list(data.faults.map { .text($0.description) })),
      ])
      if let trial { line.add("seconds_per_step", .number(trial.seconds)) }
      if let first = data.firstPrompt {
        line.add("first_prompt", .text(first.text))
        line.add("first_prompt_tokens", .list(first.tokens.map { .number(Double($0)) }))
      }
      print(line.text)
      try data.requireUsable()
      return
    }
    print(TextTable.text(lines.map { [$0.0, $0.1] }))
    if let first = data.firstPrompt { print("\n" + Self.shown(first.text, first.tokens)) }
    if !warnings.isEmpty { print() }
    for warning in warnings { print("warning: \(warning)") }
    if full { print("\n" + yaml, terminator: "") }
    try data.requireUsable()
  }

  /// The most training items that held-out ones are compared with.
  private static let mostCompared = 1000

  /// What makes held-out items unlike those to train on, as a warning.
  private static func unlikeness(
    of task: RunTask, _ heldOut: [TaskItem]
  ) throws(FulcrumError) -> [String] {
    guard !heldOut.isEmpty else { return [] }
    var training: [TaskItem] = []
    for index in 0..<min(task.trainingCount ?? mostCompared, mostCompared) {
      training.append(try task.trainingItem(index))
    }
    guard !ItemLikeness.arePicked(heldOut, beside: training) else { return [] }
    return ItemLikeness.difference(training: training, heldOut: heldOut).map {
      ["held-out items aren't like training items: " + $0]
    } ?? []
  }

  /// The most characters and tokens of a prompt that are shown.
  private static let mostCharacters = 2000
  private static let mostTokens = 64

  /// The first prompt, as the policy is given it, and its tokens.
  private static func shown(_ text: String, _ tokens: [Int32]) -> String {
    let cut = text.count > mostCharacters ? text.prefix(mostCharacters) + "…" : text[...]
    let lines = cut.split(separator: "\n", omittingEmptySubsequences: false)
    let more = tokens.count > mostTokens ? " … and \(tokens.count - mostTokens) more" : ""
    return "first prompt, \(tokens.count) tokens:\n"
      + lines.map { "  | \(String($0).onTerminal)\n" }.joined()
      + "  tokens " + tokens.prefix(mostTokens).map(String.init).joined(separator: " ") + more
  }
}
