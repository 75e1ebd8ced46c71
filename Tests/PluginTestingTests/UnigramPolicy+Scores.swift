import FulcrumKernel
import Glibc

extension UnigramPolicy {
  var entropy: Double { probabilities.reduce(0) { $0 - $1 * log($1) } }

  /// Calls `body` with what it says of some tokens.
  func withScores(
    of tokens: [Int], in batch: SequenceBatch, _ request: ScoreRequest,
    _ body: (borrowing TokenScores) throws(FulcrumError) -> Void
  ) throws(FulcrumError) {
    let shift: Float = mistake == .otherScores ? 0.25 : 0
    let logs = tokens.map { Float(logProbability(batch.tokens[$0])) - shift }
    let levers = tokens.map { lever(of: batch.tokens[$0]) }
    let entropies = [Float](repeating: Float(entropy), count: tokens.count)
    let order = (0..<257).sorted {
      let (left, right) = (logits[$0], logits[$1])
      return left > right || (left == right && $0 < $1)
    }
    let statistics = request.statistics.sorted { $0.name < $1.name }
    let further = statistics.flatMap { statistic in
      tokens.flatMap { values(of: statistic, for: Int(batch.tokens[$0]), order) }
    }
    try body(
      TokenScores(
        logProbabilities: logs.span, entropies: entropies.span, levers: levers.span,
        statistics: statistics, further: further.span))
  }

  /// - Parameter order: the tokens by descending probability.
  private func values(of statistic: TokenStatistic, for token: Int, _ order: [Int]) -> [Float] {
    let probabilities = probabilities
    let top = probabilities[order[0]]
    switch statistic {
    case .logProbability: return [Float(logProbability(Int32(token)))]
    case .entropy: return [Float(entropy)]
    case .lever: return [lever(of: Int32(token))]
    case .topProbability: return [Float(top)]
    case .margin:
      return [Float(logProbability(Int32(order[0])) - logProbability(Int32(order[1])))]
    case .rank:
      let rank = order.firstIndex(of: token) ?? 0
      return [Float(mistake == .ranksFromOne ? rank + 1 : rank)]
    case .massAbove(let threshold):
      let kept = probabilities.filter { $0 >= Double(threshold) * top }
      return [Float(kept.reduce(0, +) * (mistake == .lightMass ? 0.5 : 1))]
    case .topTokens(let count):
      return order.prefix(count).map { Float(mistake == .oneTopToken ? order[0] : $0) }
    case .topLogProbabilities(let count):
      return order.prefix(count).map {
        Float(logProbability(Int32(mistake == .flatTops ? order[5] : $0)))
      }
    @unknown default: return [Float](repeating: 0, count: statistic.width)
    }
  }

  func lever(of token: Int32) -> Float {
    let squares = probabilities.enumerated().reduce(0.0) { sum, other in
      let part = (other.offset == Int(token) ? 1 : 0) - other.element
      return sum + part * part
    }
    return Float(squares.squareRoot())
  }
}
