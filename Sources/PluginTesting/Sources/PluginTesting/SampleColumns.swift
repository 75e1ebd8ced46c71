import FulcrumKernel

/// Made-up values of statistics, for batches that have none of their own.
///
/// They are functions of what a token already has, its number and its log-probability, so that they
/// move with it when groups change places; and they agree with each other: the most likely token's
/// probability is not below the token's, and a token of rank 2 is the third of the most likely.
enum SampleColumns {
  /// Beside the columns that every sample has: one of each statistic.
  static let further: Set<Column> = [
    .topProbabilities, .ranks, .massAbove(0.125), .topTokens(3), .topLogProbabilities(3),
  ]

  /// - Parameters:
  ///   - logProbabilities: of the policy whose statistic it is, one for each token.
  ///   - token: a token's number by its place.
  /// - Returns: `width` values for each token.
  static func values(
    of statistic: TokenStatistic, logProbabilities: [Float], token: (Int) -> Int32
  ) -> [Float] {
    logProbabilities.indices.flatMap { place in
      Place(logProbability: logProbabilities[place], token: token(place)).values(of: statistic)
    }
  }
}

/// One token's place, with a distribution in outline.
private struct Place {
  private static let random = CounterRandom(seed: 0, purpose: "sample columns")

  let logProbability: Float
  let token: Int32

  /// In [0, 1), by what it is for.
  private func draw(_ purpose: UInt32) -> Float {
    Self.random.uniform(
      step: logProbability.bitPattern, prompt: UInt32(bitPattern: token), sample: 0, token: purpose)
  }

  private var probability: Float { exp(logProbability) }
  private var top: Float { max(probability, (1 - probability) * (0.5 + 0.5 * draw(0))) }
  private var rank: Int { top == probability ? 0 : 1 + Int(draw(1) * 6) }

  func values(of statistic: TokenStatistic) -> [Float] {
    switch statistic {
    case .logProbability: [logProbability]
    case .entropy: [3 * draw(2)]
    case .lever: [(1 - probability) * (1 + 0.25 * draw(3))]
    case .topProbability: [top]
    case .margin: [topLogProbability(0) - topLogProbability(1)]
    case .rank: [Float(rank)]
    case .massAbove(let threshold):
      [threshold == 0 ? 1 : top + (1 - top) * (1 - threshold) * draw(4)]
    case .topTokens(let count): (0..<count).map { Float(topToken($0)) }
    case .topLogProbabilities(let count): (0..<count).map { topLogProbability($0) }
    @unknown default: [Float](repeating: draw(5), count: statistic.width)
    }
  }

  private func topToken(_ index: Int) -> Int32 {
    // Numbers beyond those of the samples' own tokens.
    index == rank ? token : 1000 + Int32(index)
  }

  private func topLogProbability(_ index: Int) -> Float {
    if index > rank { return logProbability - 0.5 * Float(index - rank) }
    if index == rank { return logProbability }
    let share = Float(index) / Float(rank)
    return log(top) * (1 - share) + logProbability * share
  }
}
