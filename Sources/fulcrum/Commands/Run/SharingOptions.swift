import ArgumentParser
import Foundation
import FulcrumKernel
import Runs

/// Holds the options of how runs are shared out among processes and machines.
struct SharingOptions: ParsableArguments {
  @Option(
    help: "Train so many runs at once, each in a process of its own; they share the threads.")
  var parallel = 1

  @Option(
    help: ArgumentHelp(
      "Train every N-th run alone, from the I-th: for the tasks of a job array.", valueName: "I/N"))
  var shard: String?

  @Option(
    name: .customLong("runs-from"), parsing: .singleValue,
    help: ArgumentHelp(
      "A file of runs that were trained elsewhere, as arms writes it: they count as done. May be given again.",
      valueName: "file"), completion: .file())
  var filesOfRuns: [String] = []

  /// Every `count`-th of some runs, from the one at `index`.
  struct Shard {
    let index: Int
    let count: Int

    func own<Run>(_ runs: [Run]) -> [Run] {
      runs.enumerated().filter { $0.offset % count == index }.map(\.element)
    }
  }

  /// - Throws: `.usage` for numbers that nothing can be shared out by.
  func check() throws(FulcrumError) {
    guard (1...1024).contains(parallel) else {
      throw FulcrumError(.usage, "expected 1 to 1024, got \(parallel)", at: "--parallel")
    }
    _ = try part
  }

  /// The part of the runs that is this command's; `nil`: all are.
  var part: Shard? {
    get throws(FulcrumError) {
      guard let shard else { return nil }
      let numbers = shard.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
      guard numbers.count == 2, let index = numbers[0], let count = numbers[1], count >= 1,
        (1...count).contains(index)
      else {
        throw FulcrumError(
          .usage, "expected I/N with I from 1 to N, got '\(shard)'", at: "--shard",
          hint: "for instance --shard 2/5; of a Slurm array from 1 to 5"
            + " --shard $SLURM_ARRAY_TASK_ID/5")
      }
      return Shard(index: index - 1, count: count)
    }
  }
}
