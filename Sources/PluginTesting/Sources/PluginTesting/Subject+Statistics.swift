import FulcrumKernel

/// Whether the further statistics that a policy tells of its tokens agree with each other.
extension Subject where Instance == any PolicyModel {
  /// Of sums and exponentials in Float.
  private static var tolerance: Float { 1e-3 }
  private static var count: Int { 3 }

  func checkStatistics() throws(FulcrumError) {
    let policy = try prepared()
    let batch = try PolicyTrial.sample(policy).generation.sequences
    let plain = try PolicyTrial.scores(of: batch, by: policy)
    var known: [TokenStatistic: [Float]] = [:]
    for statistic in [
      .topProbability, .rank, .massAbove(0), .massAbove(0.25), .massAbove(1),
      .topTokens(Self.count), .topLogProbabilities(Self.count),
    ] as [TokenStatistic] {
      let scores: PolicyTrial.Scores
      do throws(FulcrumError) {
        scores = try PolicyTrial.scores(of: batch, by: policy, statistics: [statistic])
      } catch {
        // A policy need not know them all.
        if error.code == .unsupported { continue }
        throw error
      }
      try requireSameScores(plain, scores, "without \(statistic.name) and with it")
      let values = scores.further[statistic] ?? []
      guard values.count == batch.tokenCount * statistic.width else {
        throw fault(
          "expected \(statistic.width) of \(statistic.name) for each of \(batch.tokenCount) tokens,"
            + " got \(values.count)")
      }
      known[statistic] = values
    }
    for token in 0..<batch.tokenCount {
      try checkPlace(token, batch.tokens[token], plain.logProbabilities[token], known)
    }
  }

  private func requireSameScores(
    _ one: PolicyTrial.Scores, _ other: PolicyTrial.Scores, _ occasions: String
  ) throws(FulcrumError) {
    var traces = [Trace(), Trace()]
    for (index, scores) in [one, other].enumerated() {
      traces[index].add("log π", scores.logProbabilities)
      traces[index].add("entropies", scores.entropies)
      traces[index].add("levers", scores.levers)
    }
    try requireSame(traces[0], traces[1], occasions)
  }

  private func checkPlace(
    _ place: Int, _ token: Int32, _ logProbability: Float, _ known: [TokenStatistic: [Float]]
  ) throws(FulcrumError) {
    func wrong(_ what: String, _ expected: String, _ got: Float) -> FulcrumError {
      fault("expected \(what) of token \(place) \(expected), got \(got)")
    }
    let tolerance = Self.tolerance
    let probability = exp(logProbability)
    let top = known[.topProbability]?[place]
    if let top, !(top >= probability * (1 - tolerance) && top <= 1 + tolerance) {
      throw wrong("top-probability", "from its own \(probability) to 1", top)
    }
    let rank = known[.rank]?[place]
    if let rank {
      guard rank >= 0, rank == rank.rounded() else {
        throw wrong("rank", "to be a whole number", rank)
      }
      if let top, rank == 0, abs(top - probability) > tolerance * top {
        throw wrong("top-probability", "as its own, \(probability), for its rank is 0", top)
      }
      if let top, probability < top * (1 - tolerance), rank == 0 {
        throw wrong("rank", "above 0, for another is more likely", rank)
      }
    }
    var last: Float = 1
    for threshold in [0, 0.25, 1] as [Float] {
      guard let mass = known[.massAbove(threshold)]?[place] else { continue }
      guard mass <= last * (1 + tolerance), mass >= (top ?? 0) * (1 - tolerance) else {
        throw wrong(
          TokenStatistic.massAbove(threshold).name, "from \(top ?? 0) to \(last)", mass)
      }
      if threshold == 0, abs(mass - 1) > tolerance { throw wrong("mass-above(0)", "to be 1", mass) }
      last = mass
    }
    let width = Self.count
    let logs = known[.topLogProbabilities(width)].map { $0[place * width..<(place + 1) * width] }
    if let logs {
      if let first = logs.first, let top, abs(exp(first) - top) > tolerance * top {
        throw wrong("the first of top-log-probabilities", "as log of \(top)", first)
      }
      for (left, right) in zip(logs, logs.dropFirst()) where right > left {
        throw wrong("top-log-probabilities", "to descend from \(left)", right)
      }
    }
    guard let tokens = known[.topTokens(width)]?[place * width..<(place + 1) * width] else {
      return
    }
    guard Set(tokens).count == width else {
      throw wrong("top-tokens", "without repetition", tokens.first ?? 0)
    }
    let index = tokens.firstIndex(of: Float(token)).map { $0 - tokens.startIndex }
    if let rank, index.map({ Float($0) != rank }) ?? (rank < Float(width)) {
      throw wrong("rank", "to be its place among top-tokens", rank)
    }
    if let logs, let index {
      let log = logs[logs.startIndex + index]
      guard abs(log - logProbability) <= tolerance * (1 + abs(log)) else {
        throw wrong(
          "the token's log-probability among the top", "as scored, \(logProbability)", log)
      }
    }
  }
}
