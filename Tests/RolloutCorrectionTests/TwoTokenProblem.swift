import Foundation
import FulcrumKernel

/// A problem whose every completion can be counted: a table of logits for four tokens by the token
/// before, token 3 ends, and nothing is longer than two tokens. All in `Double`, from the definitions.
///
/// The sampler draws at temperature 2, the trainer is at temperature 1. Logits are 2 log q with q of
/// whole 8ths, so that 64 completions can have exactly the sampler's shares.
enum TwoTokenProblem {
  static let prompt: Int32 = 1
  /// The sampler's q(token | token before), which is the table at temperature 2.
  static let sampler: [[Double]] = [
    [1 / 2, 1 / 4, 1 / 8, 1 / 8], [1 / 4, 1 / 8, 1 / 2, 1 / 8], [1 / 8, 1 / 2, 1 / 8, 1 / 4],
    [1 / 4, 1 / 4, 1 / 4, 1 / 4],
  ]
  /// The logits, row by row.
  static let table: [Double] = sampler.flatMap { row in row.map { 2 * log($0) } }

  /// All completions.
  static let completions: [[Int32]] =
    [[3]] + (0..<3).flatMap { first in (0..<4).map { [first, $0] } }

  /// Rewards without a pattern, of either sign.
  static func reward(_ completion: [Int32]) -> Double {
    guard completion.count == 2 else { return 2 }
    let (first, second) = (Double(completion[0]), Double(completion[1]))
    return second == 3 ? 1 : 0.5 * first - 0.75 * second + 0.25
  }

  /// log π of each token of a completion.
  static func logProbabilities(
    _ completion: [Int32], table: [Double] = table, temperature: Double
  ) -> [Double] {
    var previous = prompt
    return completion.map { token in
      defer { previous = token }
      let row = (0..<4).map { table[Int(previous) * 4 + $0] / temperature }
      return row[Int(token)] - log(row.map { exp($0) }.reduce(0, +))
    }
  }

  /// ∇ log π of each token of a completion by the table, at temperature 1.
  static func slopes(_ completion: [Int32]) -> [[Double]] {
    var previous = prompt
    return completion.map { token in
      defer { previous = token }
      var slope = [Double](repeating: 0, count: 16)
      for other in 0..<4 {
        let logits = (0..<4).map { table[Int(previous) * 4 + $0] }
        let share = exp(logits[other]) / logits.map { exp($0) }.reduce(0, +)
        slope[Int(previous) * 4 + other] = (other == Int(token) ? 1 : 0) - share
      }
      return slope
    }
  }

  static func probability(_ completion: [Int32], temperature: Double) -> Double {
    exp(logProbabilities(completion, temperature: temperature).reduce(0, +))
  }

  /// ∇ of the trainer's own expected reward, by central differences: what a policy gradient is for.
  static let onPolicyGradient: [Double] = table.indices.map { place in
    // Errors: h²/6 of third derivatives of size 1, and 1e-16/h of rounding.
    let step = 1e-5
    func expectedReward(_ shift: Double) -> Double {
      var moved = table
      moved[place] += shift
      return completions.reduce(0) { sum, completion in
        let logs = logProbabilities(completion, table: moved, temperature: 1)
        return sum + exp(logs.reduce(0, +)) * reward(completion)
      }
    }
    return (expectedReward(step) - expectedReward(-step)) / (2 * step)
  }

  /// Σ over completions and tokens of share · weight · R ∇ log π.
  ///
  /// - Parameters:
  ///   - share: of a completion, or of one of its tokens where that has one of its own.
  ///   - weight: of a token.
  static func gradient(
    share: (_ completion: [Int32], _ token: Int) -> Double,
    weight: (_ completion: [Int32], _ token: Int) -> Double = { _, _ in 1 }
  ) -> [Double] {
    var sum = [Double](repeating: 0, count: 16)
    for completion in completions {
      for (token, slope) in slopes(completion).enumerated() {
        let factor = share(completion, token) * weight(completion, token) * reward(completion)
        for place in sum.indices { sum[place] += factor * slope[place] }
      }
    }
    return sum
  }
}

/// ‖one − other‖ / ‖other‖.
func distance(_ one: [Double], from other: [Double]) -> Double {
  let difference = zip(one, other).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
  return (difference / other.reduce(0) { $0 + $1 * $1 }).squareRoot()
}

/// The cosine of the angle between two gradients.
func cosine(_ one: [Double], _ other: [Double]) -> Double {
  let product = zip(one, other).reduce(0) { $0 + $1.0 * $1.1 }
  return product
    / (one.reduce(0) { $0 + $1 * $1 } * other.reduce(0) { $0 + $1 * $1 }).squareRoot()
}
