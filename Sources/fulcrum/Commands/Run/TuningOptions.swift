import ArgumentParser
import FulcrumKernel
import Report
import Runs

/// Holds the options of trials: runs on seeds of their own that give each arm its value of a key.
struct TuningOptions: ParsableArguments {
  @Option(
    name: .customLong("tune"), parsing: .singleValue,
    help: ArgumentHelp(
      "Try values of a key with every arm first, and train each arm with its best one. May be given again.",
      valueName: "key=value,value"))
  var texts: [String] = []

  @Option(
    name: .customLong("tune-seeds"),
    help:
      "The number of seeds that values are tried with; they begin 1000 beyond the configuration's.")
  var seeds = 2

  @Option(
    name: .customLong("tune-by"),
    help: ArgumentHelp(
      "The measure whose mean decides: 'pass@1', 'greedy', 'reward'; by default the evaluation's first.",
      valueName: "measure"))
  var measure: String?

  /// Parts of the work.
  enum Part: String {
    case tuning, main
  }

  @Option(
    help: ArgumentHelp(
      "Do a part alone: the trials, or what comes after them.", valueName: "tuning|main"))
  var only: String?

  /// The part that is wanted alone; `nil`: both are.
  var part: Part? {
    get throws(FulcrumError) {
      guard let only else { return nil }
      guard let part = Part(rawValue: only) else {
        throw FulcrumError(.usage, "expected tuning or main, got '\(only)'", at: "--only")
      }
      guard !texts.isEmpty else {
        throw FulcrumError(
          .usage, "expected --tune beside it, got none", at: "--only",
          hint: "without tuning there is one part: leave --only away")
      }
      return part
    }
  }

  /// The values to try; `nil`: none.
  var grid: TuningGrid? {
    get throws(FulcrumError) {
      try Self.checkSeeds(seeds, of: "--tune-seeds")
      return texts.isEmpty ? nil : try TuningGrid(texts)
    }
  }

  /// Refuses a number of seeds that is none, or that would reach those of the trials.
  static func checkSeeds(_ count: Int, of option: String) throws(FulcrumError) {
    guard (1...ArmPlan.trialSeeds).contains(count) else {
      throw FulcrumError(.usage, "expected 1 to \(ArmPlan.trialSeeds), got \(count)", at: option)
    }
  }

  /// Returns the error for arms whose trials aren't all done; `nil`: all are.
  static func incomplete(_ study: TuningStudy) -> FulcrumError? {
    let missing = study.missing
    guard !missing.isEmpty else { return nil }
    let words = missing.map { "\($0.done) of \($0.planned) of \($0.arm)" }
    return FulcrumError(
      .usage,
      "expected all trials of an arm before its runs, found " + words.joined(separator: ", "),
      at: "--tune", hint: "run the tuning with --only tuning first, every shard of it")
  }
}
