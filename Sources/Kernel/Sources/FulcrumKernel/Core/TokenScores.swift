/// Holds a policy's scores of some completion tokens, borrowed.
///
/// - Shape: one value of each of the three columns for each token; a further statistic has `width`
///   values for each token, row by row.
/// - Unit: log-probabilities and entropies in nats, at the temperature of the request; levers are
///   ‖e_token − π‖₂, between 0 and √2.
public struct TokenScores: ~Escapable {
  public let logProbabilities: Span<Float>
  public let entropies: Span<Float>
  public let levers: Span<Float>
  /// The statistics that were asked for beside the three, in the order of `further`.
  public let statistics: [TokenStatistic]
  private let further: Span<Float>

  @_lifetime(copy logProbabilities, copy entropies, copy levers)
  public init(
    logProbabilities: Span<Float>, entropies: Span<Float>, levers: Span<Float>
  ) {
    self.logProbabilities = logProbabilities
    self.entropies = entropies
    self.levers = levers
    statistics = []
    further = Span()
  }

  /// Scores with further statistics.
  ///
  /// - Parameters:
  ///   - logProbabilities: log π of each token.
  ///   - entropies: one for each token.
  ///   - levers: one for each token.
  ///   - statistics: what `further` holds.
  ///   - further: one block for each of the statistics, one after another; a block is
  ///     `[tokens, width]`, row by row.
  /// - Precondition: as many values as that takes.
  @_lifetime(copy logProbabilities, copy entropies, copy levers, copy further)
  public init(
    logProbabilities: Span<Float>, entropies: Span<Float>, levers: Span<Float>,
    statistics: [TokenStatistic], further: Span<Float>
  ) {
    precondition(
      further.count == logProbabilities.count * statistics.reduce(0) { $0 + $1.width },
      "every statistic has its values for every token")
    self.logProbabilities = logProbabilities
    self.entropies = entropies
    self.levers = levers
    self.statistics = statistics
    self.further = further
  }

  public var tokenCount: Int { logProbabilities.count }

  /// Whether the statistic was computed.
  public func has(_ statistic: TokenStatistic) -> Bool {
    TokenStatistic.always.contains(statistic) || statistics.contains(statistic)
  }

  /// A statistic's values.
  ///
  /// - Throws: `.pluginFault` if it was not asked for.
  @_lifetime(copy self)
  public func values(of statistic: TokenStatistic) throws(FulcrumError) -> Span<Float> {
    switch statistic {
    case .logProbability: return logProbabilities
    case .entropy: return entropies
    case .lever: return levers
    default: break
    }
    var first = 0
    for other in statistics {
      let count = tokenCount * other.width
      if other == statistic { return further.extracting(first..<first + count) }
      first += count
    }
    throw FulcrumError(
      .pluginFault, "statistic \(statistic.name) was not computed",
      hint: "name it in the request, or as a column in the component's 'needs'")
  }
}
