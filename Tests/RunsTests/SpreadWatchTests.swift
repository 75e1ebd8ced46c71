import JSON
import Runs
import Testing
import Training

/// A run whose groups have equal rewards for many steps is told so.
@Suite struct SpreadWatchTests {
  private func step(
    _ share: Double, accuracy: Double = 0.02, outcome: String = "outcomes/wrong"
  ) -> Metrics {
    Metrics([("frac_reward_zero_std", share), ("accuracy", accuracy), (outcome, 8)])
  }

  private func told(_ steps: [Metrics], _ watch: SpreadWatch = SpreadWatch()) -> [String?] {
    var watch = watch
    return steps.map { watch.add($0) }
  }

  private let nine = Array(repeating: 0.9, count: 9)

  @Test func `it is told once when the tenth step ends, and again only of another streak`() {
    let shares = nine + [1] + nine + [0.89] + nine + [0.9]
    let notes = told(shares.map { step($0) })
    #expect(notes.enumerated().compactMap { $0.element == nil ? nil : $0.offset } == [9, 29])
    #expect(told((nine + [0.5] + nine).map { step($0) }).allSatisfy { $0 == nil })
    // A replay's metrics may lack it.
    #expect(told([Metrics](repeating: Metrics(), count: 20)).allSatisfy { $0 == nil })
  }

  @Test func `the cause and a remedy are told`() {
    func note(_ accuracy: Double, outcome: String = "outcomes/wrong") -> String? {
      told((nine + [1]).map { step($0, accuracy: accuracy, outcome: outcome) })[9]
    }
    let begin =
      "in each of the last 10 steps at least 90 % of the groups (91.0 % on average) had equal rewards,"
      + " from which an advantage within the group learns nothing: "
    #expect(
      note(0.02) == begin
        + "nearly all completions are wrong (accuracy 2.0 %). Take easier items, a"
        + " better start, more samples of each (rollout.samples), or a reward that values parts of an"
        + " answer")
    #expect(
      note(0.97) == begin
        + "nearly all completions are right (accuracy 97.0 %). Take harder items, or end the run here"
    )
    let alike = "a group's completions fare alike"
    let remedy =
      ". Take items between easy and hard, more samples of each (rollout.samples), a higher"
      + " rollout.temperature, or a start that is less sure"
    #expect(note(0.5) == begin + alike + " (accuracy 50.0 %)" + remedy)
    // A reward that tells no right from wrong has no accuracy.
    #expect(note(0, outcome: "outcomes/long") == begin + alike + remedy)
  }

  @Test func `a run that goes on remembers the steps before`() {
    func lines(_ shares: [Double]) -> [String] {
      shares.enumerated().map { step($0.element).line(step: $0.offset + 1).text }
    }
    // Told before it was stopped: not again.
    #expect(told([step(1)], SpreadWatch(after: lines(nine + [1, 1]))) == [nil])
    #expect(told([step(1)], SpreadWatch(after: lines([0.2] + nine)))[0] != nil)
    #expect(told([step(1)], SpreadWatch(after: lines(nine + [0.2] + nine.dropLast())))[0] == nil)
    #expect(told([step(1)], SpreadWatch(after: lines(nine) + ["{"]))[0] == nil)
  }
}
