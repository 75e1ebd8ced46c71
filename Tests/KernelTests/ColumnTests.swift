import FulcrumKernel
import Testing

@Suite struct ColumnTests {
  /// Every statistic of each policy that has it, with the name in manifests.
  private static let names: [(Column, String)] = [
    (.rolloutLogProbabilities, "rollout-log-probabilities"),
    (.oldLogProbabilities, "old-log-probabilities"),
    (.referenceLogProbabilities, "reference-log-probabilities"),
    (.entropies, "entropies"), (.levers, "levers"), (.topProbabilities, "top-probability"),
    (.ranks, "rank"), (.massAbove(0.02), "mass-above(0.02)"), (.topTokens(8), "top-tokens(8)"),
    (.topLogProbabilities(8), "top-log-probabilities(8)"),
    (Column(.current, .logProbability), "current-log-probability"),
    (Column(.current, .entropy), "current-entropy"), (Column(.current, .rank), "current-rank"),
    (Column(.current, .massAbove(1)), "current-mass-above(1.0)"),
    (Column(.reference, .lever), "reference-lever"),
    (Column(.reference, .topTokens(1)), "reference-top-tokens(1)"),
  ]

  @Test(arguments: names)
  func `a column is known by its name`(column: Column, name: String) {
    #expect(column.name == name)
    #expect(Column(name: name) == column)
    #expect(column.isValid)
  }

  @Test(
    arguments: [
      "", "entropy", "lever", "log-probability", "old-entropies", "old-rank", "current-entropies",
      "current-log-probabilities", "rollout-rank", "rollout-entropy", "reference-log-probability",
      "mass-above", "mass-above()", "mass-above(2)", "mass-above(-0.1)", "mass-above(nan)",
      "mass-above(0.020)", "mass-above(0.02", "top-tokens(0)", "top-tokens(-1)", "top-tokens(08)",
      "top-tokens(16777216)", "rank(1)", "Rank",
    ])
  func `what is no column's name is none`(name: String) { #expect(Column(name: name) == nil) }

  @Test func `arguments out of bounds and statistics that the sampler lacks are not valid`() {
    #expect(!Column(.rollout, .entropy).isValid)
    #expect(!Column.massAbove(1.5).isValid)
    #expect(!Column.massAbove(.nan).isValid)
    #expect(!Column.topTokens(0).isValid)
    #expect(Column.topTokens(1 << 24 - 1).isValid)
    #expect(TokenStatistic.topTokens(-3).width == 0)
  }

  @Test func `a store holds columns of any width, by name, and gives rows of them`() throws {
    var store = ColumnStore(tokenCount: 3)
    store.set(.topTokens(2), [1, 2, 3, 4, 5, 6])
    store.set(.entropies, [0.5, 1.5, 2.5])
    store.set(.oldLogProbabilities, [-1, -2, -3])
    #expect(store.columns.map(\.name) == ["entropies", "old-log-probabilities", "top-tokens(2)"])
    #expect(store.array(of: .topTokens(2)) == [1, 2, 3, 4, 5, 6])
    #expect(store.array(of: .entropies) == [0.5, 1.5, 2.5])
    store.set(.entropies, [7, 8, 9])
    #expect(store.array(of: .entropies) == [7, 8, 9])
    #expect(store.array(of: .oldLogProbabilities) == [-1, -2, -3])
    #expect(!store.has(.topTokens(3)))
    let fixed = store
    let missing = fixed.values(of: .topTokens(3)).count
    #expect(missing == 0)

    let slice = fixed.slice(1..<3)
    #expect(slice.tokenCount == 2)
    #expect(slice.values(of: .topTokens(2))[0] == 3 && slice.values(of: .topTokens(2)).count == 4)
    #expect(slice.values(of: .entropies)[1] == 9)

    let places = [2, 0]
    let gathered = store.gathering(places.span)
    #expect(gathered.array(of: .topTokens(2)) == [5, 6, 1, 2])
    #expect(gathered.array(of: .entropies) == [9, 7])
    #expect(gathered.columns == store.columns)
  }

  @Test func `a batch gives wide columns, and refuses others by their names`() throws {
    let batch = RolloutBatch(
      sequences: SequenceBatch(prompts: [[1]], completions: [[[2, 3]]]), rewards: [1],
      columns: [.topLogProbabilities(2): [-0.1, -3, -0.2, -4]])
    #expect(try batch.column(.topLogProbabilities(2)).count == 4)
    let error = #expect(throws: FulcrumError.self) { _ = try batch.column(.topLogProbabilities(3)) }
    #expect(error?.message == "column top-log-probabilities(3) was not computed")
    let empty = RolloutBatch(
      sequences: SequenceBatch(prompts: [[1]], completions: [[[]]]), rewards: [1])
    #expect(try empty.column(.ranks).count == 0)
  }

  @Test func `scores give the statistics that were asked for`() throws {
    let logs: [Float] = [-1, -2]
    let further: [Float] = [5, 6, 7, 8, 0, 1]
    let scores = TokenScores(
      logProbabilities: logs.span, entropies: logs.span, levers: logs.span,
      statistics: [.topTokens(2), .rank], further: further.span)
    #expect(try scores.values(of: .rank)[1] == 1)
    #expect(try scores.values(of: .topTokens(2))[2] == 7)
    #expect(try scores.values(of: .logProbability)[1] == -2)
    let error = #expect(throws: FulcrumError.self) { _ = try scores.values(of: .topProbability) }
    #expect(error?.message == "statistic top-probability was not computed")
    #expect(ScoreRequest(temperature: 1, statistics: [.rank, .lever]).statistics == [.rank])
  }
}
