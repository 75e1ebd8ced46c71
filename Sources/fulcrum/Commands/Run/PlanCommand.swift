import ArgumentParser
import FulcrumKernel
import JSON
import Planning
import Runs

struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Say how long a step would take on machines that may not be here.",
    discussion: """
      Simulates the schedule of a step with a machine's coefficients: sampling, scoring, training, sums of \
      gradients. Nothing is loaded or started; of the model its config.json is read, or its name is enough.

        fulcrum plan run.yaml --machine h100 --nodes 1,2,4 --gpus 8
        fulcrum plan run.yaml --model 7B --machine machine.yaml --mean-length 600 --set policy.shard=fsdp2
      """)

  @OptionGroup var options: RunOptions

  @Option(
    help: ArgumentHelp(
      "A machine file, or one of \(Machine.known.map(\.name).joined(separator: ", ")).",
      valueName: "file"),
    completion: .file())
  var machine: String

  @Option(help: "Nodes; several, separated by commas, are compared.")
  var nodes = "1"

  @Option(help: "GPUs of a node, or ranks that share its processor; or several.")
  var gpus = "1"

  @Option(help: "A model's folder or published name, instead of the policy's checkpoint: 7B.")
  var model: String?

  @Option(name: .customLong("prompt-tokens"), help: "Tokens of a prompt.")
  var promptTokens: Int?

  @Option(
    name: .customLong("mean-length"),
    help: "Mean tokens of a completion: a run's completions/mean_length.")
  var meanLength: Double?

  @Option(name: .customLong("reward-seconds"), help: "Seconds of a completion's reward.")
  var rewardSeconds: Double?

  @Option(
    name: .customLong("sampler-gpus"),
    help: "GPUs of a sampler of its own; otherwise as the policy's options say, or 1.")
  var samplerGPUs: Int?

  @Flag(help: "Print one JSON object.")
  var json = false

  func run() throws {
    let layouts = try Self.counts(nodes, of: "--nodes").flatMap { nodes in
      try Self.counts(gpus, of: "--gpus").map { Layout(nodes: nodes, ranksOfNode: $0) }
    }
    try checkNumbers(layouts)
    let machine = try Machine.named(machine) ?? Machine(file: machine)
    var given = PlannedJob.Given()
    given.model = try model.map { try ModelShape.at($0) }
    given.promptTokens = promptTokens
    given.meanLength = meanLength
    given.rewardSeconds = rewardSeconds
    given.serverDevices = samplerGPUs
    let configuration = try options.configuration(keys: [])
    let planned = try PlannedJob(configuration, given, host: Plugins.host)
    let plans = try layouts.map { try StepPlan(planned.job, on: machine, $0) }
    let table = PlanTable(planned, on: machine, plans)
    print(json ? table.line.text : table.text)
  }

  /// The most ranks whose schedule is simulated.
  private static let mostRanks = 4096

  /// - Throws: `.usage` for a number that nothing can be planned with.
  private func checkNumbers(_ layouts: [Layout]) throws(FulcrumError) {
    if let large = layouts.first(where: { $0.ranks > Self.mostRanks }) {
      throw FulcrumError(
        .usage,
        "expected at most \(Self.mostRanks) ranks in all, got \(large.nodes) × \(large.ranksOfNode)",
        at: "--nodes")
    }
    let faults: [(isFault: Bool, option: String, expected: String)] = [
      (!(1...1_048_576).contains(promptTokens ?? 1), "--prompt-tokens", "1 to 1048576 tokens"),
      (!(1...1e6).contains(meanLength ?? 1), "--mean-length", "1 to 1000000 tokens"),
      (!(0...1e6).contains(rewardSeconds ?? 0), "--reward-seconds", "0 to 1000000 seconds"),
      (!(1...1024).contains(samplerGPUs ?? 1), "--sampler-gpus", "1 to 1024"),
    ]
    if let fault = faults.first(where: \.isFault) {
      throw FulcrumError(.usage, "expected \(fault.expected)", at: fault.option)
    }
  }

  /// Reads `1,2,4`.
  private static func counts(_ text: String, of option: String) throws(FulcrumError) -> [Int] {
    var counts: [Int] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let count = Int(part), (1...4096).contains(count) else {
        throw FulcrumError(
          .usage, "expected numbers from 1 to 4096, got '\(text)'", at: option,
          hint: "several are separated by commas: \(option) 1,2,4")
      }
      counts.append(count)
    }
    return counts
  }
}
