import Files
import FulcrumKernel

extension RewardOutcome {
  /// The program gave a reward and said nothing about the answer.
  package static let value = RewardOutcome(rawValue: "value")
}

/// Gets rewards from a program that reads JSON lines and writes JSON lines.
///
/// A sample that the program can't score gets no number, but an outcome of `error`, `refused` or
/// `time-out` with the reason. The host decides about it.
///
/// - Source: the protocol is in this plugin's README.
package struct ProcessReward: RewardFn {
  package static let manual = ComponentManual(
    name: "process",
    summary: "asks a program: JSON lines on its standard input, replies on its standard output",
    source: "Plugins/ProcessReward/README.md",
    parameters: [
      .texts("command", default: nil, help: "the program and its arguments: [python3, reward.py]"),
      .text(
        "directory", default: ".", help: "where the program runs; relative to where the host does"),
      .integer(
        "batch", default: 32, in: 1...100_000, help: "samples sent before their replies are awaited"
      ),
      .number(
        "time-limit", default: 10, in: 0.01...86_400, help: "seconds for the replies to a batch"),
      .number(
        "start-limit", default: 60, in: 0...86_400,
        help: "further seconds for the first batch after a start: imports, models"),
      .integer("workers", default: 1, in: 1...1024, help: "copies of the program that run at once"),
      .integer(
        "restarts", default: 20, in: 0...1_000_000,
        help: "how often in a row it may die or break the protocol without a reply in between"),
    ])

  private let pool: WorkerPool
  private let batch: Int

  /// - Throws: `.parameter` if there is no such program or folder. Nothing is started yet.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    batch = try parameters.integer("batch")
    let place = parameters.location.isEmpty ? "" : parameters.location + " "
    let settings = WorkerSettings(
      program: try Program(parameters), timeLimit: .seconds(try parameters.number("time-limit")),
      startLimit: .seconds(try parameters.number("start-limit")),
      restarts: try parameters.integer("restarts"), log: ProgramLog(prefix: place + "process: "))
    pool = WorkerPool(settings: settings, count: try parameters.integer("workers"))
  }

  package func score(_ sample: RewardSample) throws(FulcrumError) -> RewardScore {
    try score([sample])[0]
  }

  /// - Throws: `.program` if the program fails again and again without a single reply.
  package func score(_ samples: [RewardSample]) throws(FulcrumError) -> [RewardScore] {
    try pool.score(samples, batch: batch)
  }
}

extension FulcrumError.Code {
  /// The code of a program that can't be started, or ends again and again.
  package static let program = FulcrumError.Code(rawValue: "program")
}
