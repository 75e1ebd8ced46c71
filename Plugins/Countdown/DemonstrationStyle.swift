/// Writes worked examples: one attempt after another, until one hits the target or the writer gives
/// up.
///
/// Each attempt is a derivation with the target repeated beside its result, `17+17=34+3=37/68`, so
/// that whoever imitates it can learn to compare the two.
package struct DemonstrationStyle: Sendable {
  /// The most attempts.
  package let attempts: Int
  /// The chance that an attempt is a solution, not a derivation drawn at random.
  package let luck: Double
  /// The chance to give up after an attempt that misses.
  package let quit: Double

  /// The draws of a derivation that was not tried before, after which there is taken to be none.
  private static let patience = 64

  package init(attempts: Int, luck: Double, quit: Double) {
    self.attempts = attempts
    self.luck = luck
    self.quit = quit
  }

  /// Returns the attempts' text, and the solution that it ends in; `nil`: it gives up.
  ///
  /// - Parameter solution: a derivation of the target.
  package func attempts(
    at puzzle: Puzzle, knowing solution: Derivation, by rules: PuzzleRules,
    using random: inout some RandomNumberGenerator
  ) -> (text: String, end: Derivation?) {
    var text = ""
    var tried: Set<Derivation> = []
    for attempt in 1...attempts {
      guard
        let derivation = isLucky(using: &random)
          ? solution : untried(puzzle.numbers, besides: tried, rules, using: &random)
      else { break }
      tried.insert(derivation)
      text += " \(word(Words.openers, using: &random))\(derivation.text)/\(puzzle.target)"
      if derivation.solves(puzzle) {
        return (text + " " + word(Words.successes, using: &random), derivation)
      }
      text += " " + word(Words.failures, using: &random)
      if attempt < attempts, quit > 0, Double.random(in: 0..<1, using: &random) < quit { break }
    }
    return (text + " " + Words.stop, nil)
  }

  private func isLucky(using random: inout some RandomNumberGenerator) -> Bool {
    luck > 0 && Double.random(in: 0..<1, using: &random) < luck
  }

  private func untried(
    _ numbers: [Int], besides tried: Set<Derivation>, _ rules: PuzzleRules,
    using random: inout some RandomNumberGenerator
  ) -> Derivation? {
    for _ in 0..<Self.patience {
      if let derivation = rules.derivation(of: numbers, using: &random),
        !tried.contains(derivation)
      {
        return derivation
      }
    }
    return nil
  }

  private func word(_ words: [String], using random: inout some RandomNumberGenerator) -> String {
    words[Int.random(in: words.indices, using: &random)]
  }
}
