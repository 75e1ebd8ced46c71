import FulcrumKernel
import Runs

/// Tells whether the numbers of several runs can be set side by side.
extension [RunSummary] {
  /// Returns the runs, each once: a folder and its line, or two copies of a folder, are one run.
  ///
  /// - Throws: `.usage` for different runs of one arm, method and seed.
  package func distinct() throws(FulcrumError) -> [RunSummary] {
    var kept: [RunSummary] = []
    for run in self {
      guard let twin = kept.first(where: run.isSameDraw) else {
        kept.append(run)
        continue
      }
      guard run.hasNumbers(of: twin) else {
        throw FulcrumError(
          .usage, "expected one run of '\(run.arm)' with seed \(run.seed ?? 0), got two",
          at: run.run,
          hint:
            "\(twin.run) is the other: leave one of them out, or give the arms names of their own")
      }
    }
    return kept
  }

  /// Sentences on what some of these runs' numbers count and others' don't.
  package var warnings: [String] {
    let evaluated = filter { !$0.after.isEmpty }
    guard let first = evaluated.first,
      let other = evaluated.first(where: { $0.heldOut != first.heldOut }),
      let part = (first.heldOut + other.heldOut).first(where: {
        first.heldOut.contains($0) != other.heldOut.contains($0)
      })
    else { return [] }
    let owner = first.heldOut.contains(part) ? first : other
    let lacking = owner == first ? other : first
    return [
      "held out is not the same in all runs: \(owner.run) has \(part), which \(lacking.run) lacks"
    ]
  }
}

extension RunSummary {
  /// The measures of each category, with their numbers of completions or items.
  fileprivate var heldOut: [String] {
    after.flatMap { row in
      row.measures.map { "\($0.name) of \($0.count) of '\(row.category)'" }
    }
  }

  /// Tells whether another run has the same arm, method and seed.
  fileprivate func isSameDraw(as other: RunSummary) -> Bool {
    seed != nil && seed == other.seed && arm == other.arm && method == other.method
  }

  /// Tells whether another run has the same numbers, wherever and however fast it was trained.
  fileprivate func hasNumbers(of other: RunSummary) -> Bool {
    steps == other.steps && tokens == other.tokens && afterStep == other.afterStep
      && after == other.after && reward == other.reward && entropy == other.entropy
      && gradientNorm == other.gradientNorm
  }
}
