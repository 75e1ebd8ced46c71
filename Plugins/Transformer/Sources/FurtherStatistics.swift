import FulcrumKernel
import TransformerFormats
import TransformerKernels

/// Computes the statistics that a request asks for beside log-probabilities, entropies and levers,
/// token by token from the logits in memory.
struct FurtherStatistics {
  /// The statistics, in the order of their blocks.
  let statistics: [TokenStatistic]
  /// The most tokens that one of them lists; 0: none lists any.
  private let listed: Int

  init(_ asked: Set<TokenStatistic> = []) {
    statistics = asked.subtracting(TokenStatistic.always).sorted { $0.name < $1.name }
    listed = statistics.reduce(0) { max($0, $1.listedTokens) }
  }

  /// Returns the number of values of all statistics, for so many tokens.
  func valueCount(tokens: Int) -> Int { tokens * statistics.reduce(0) { $0 + $1.width } }

  /// - Throws: `.usage` for an argument out of bounds, and for more tokens than there are;
  ///   `.unsupported` for a statistic of a later interface.
  func check(_ tokenRows: TokenRows) throws(FulcrumError) {
    for statistic in statistics {
      guard statistic.isKnown else {
        throw FulcrumError(
          .unsupported, "the policy can't compute the statistic '\(statistic.name)'",
          at: TransformerPolicy.manual.name)
      }
      guard statistic.isValid else {
        throw FulcrumError(
          .usage,
          "expected a threshold in 0...1 and a list of at least 1 token, got"
            + " '\(statistic.name)'", at: TransformerPolicy.manual.name)
      }
      guard statistic.listedTokens <= tokenRows.count else {
        throw FulcrumError(
          .usage,
          "expected a list of at most the vocabulary's \(tokenRows.count) tokens, got"
            + " '\(statistic.name)'", at: TransformerPolicy.manual.name)
      }
    }
  }

  /// Notes one token's statistics.
  ///
  /// - Parameters:
  ///   - logits: the logits of the vocabulary, at the token's place.
  ///   - scores: the results of `tk_score_token` for it.
  ///   - values: the blocks of values, for `count` tokens.
  func note(
    _ token: Int, of count: Int, _ logits: UnsafePointer<Float>, vocabulary: Int,
    inverseTemperature: Float, target: Int32, _ scores: tk_token_statistics,
    into values: FloatBuffer.Pointer, _ scratch: WorkerScratch
  ) {
    let top = scratch.topTokens.reserve(listed)
    let topLogs = scratch.topLogProbabilities.reserve(listed)
    if listed > 0 {
      tk_top_tokens(logits, Int32(vocabulary), Int32(listed), top)
      tk_log_probabilities(
        logits, Int32(vocabulary), inverseTemperature, top, Int32(listed), topLogs)
    }
    var block = values
    for statistic in statistics {
      let width = statistic.width
      let place = block + token * width
      switch statistic {
      // The three scores that are always computed are not among them, and `check` refuses unknown
      // ones.
      case .logProbability, .entropy, .lever: break
      case .topProbability: place.pointee = 1 / scores.total
      case .margin: place.pointee = topLogs[0] - topLogs[1]
      case .rank: place.pointee = Float(tk_rank(logits, Int32(vocabulary), target))
      case .massAbove(let threshold):
        place.pointee = tk_mass_above(
          logits, Int32(vocabulary), inverseTemperature, threshold)
      case .topTokens: for i in 0..<width { place[i] = Float(top[i]) }
      case .topLogProbabilities: place.update(from: topLogs, count: width)
      @unknown default: break
      }
      block += count * width
    }
  }
}

extension TokenStatistic {
  fileprivate var isKnown: Bool {
    switch self {
    case .logProbability, .entropy, .lever, .topProbability, .margin, .rank, .massAbove,
      .topTokens, .topLogProbabilities:
      true
    @unknown default: false
    }
  }

  /// The number of most likely tokens that it is made of; 0: it needs none of them.
  fileprivate var listedTokens: Int {
    switch self {
    case .topTokens, .topLogProbabilities: width
    case .margin: 2
    default: 0
    }
  }
}
