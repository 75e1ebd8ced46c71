import Foundation
import FulcrumKernel

/// The tests' engine's model once more, in Swift and by the formulas alone.
struct Oracle {
  static let vocabulary = 128
  var table: [Double]
  var gradient: [Double]

  init() {
    let count = Self.vocabulary * Self.vocabulary
    table = (0..<count).map {
      2 * sin(1.7 * Double($0)) + ($0 % Self.vocabulary == 0 ? 2 : 0)
    }
    gradient = Array(repeating: 0, count: count)
  }

  func logs(after previous: Int32, temperature: Double = 1) -> [Double] {
    let start = Int(previous) * Self.vocabulary
    let row = table[start..<start + Self.vocabulary].map { $0 / temperature }
    let total = log(row.reduce(0) { $0 + exp($1) })
    return row.map { $0 - total }
  }

  static func entropy(_ logs: [Double]) -> Double { -logs.reduce(0) { $0 + exp($1) * $1 } }

  /// Each token of a batch with the one before it.
  static func pairs(_ batch: SequenceBatch) -> [(previous: Int32, token: Int32)] {
    var pairs: [(Int32, Int32)] = []
    for sequence in 0..<batch.sequenceCount {
      var previous = batch.promptTokens[
        batch.promptOffsets[batch.group(ofSequence: sequence) + 1] - 1]
      for place in batch.tokens(ofSequence: sequence) {
        pairs.append((previous, batch.tokens[place]))
        previous = batch.tokens[place]
      }
    }
    return pairs
  }

  /// A token drawn with a number in [0, 1), the most likely first.
  func draw(after previous: Int32, temperature: Double, uniform: Double) -> Int32 {
    let row = logs(after: previous, temperature: temperature)
    let order = row.indices.sorted { (-row[$0], $0) < (-row[$1], $1) }
    var rest = uniform
    for token in order {
      rest -= exp(row[token])
      if rest < 0 { return Int32(token) }
    }
    return Int32(order[order.count - 1])
  }

  /// Adds weight · ∇ log π + pull · ∇ H.
  mutating func add(
    _ pair: (previous: Int32, token: Int32), weight: Double, pull: Double = 0, temperature: Double
  ) {
    let row = logs(after: pair.previous, temperature: temperature)
    let entropy = Self.entropy(row)
    for k in row.indices {
      let hit = k == Int(pair.token) ? 1.0 : 0
      gradient[Int(pair.previous) * Self.vocabulary + k] +=
        (weight * (hit - exp(row[k])) - pull * exp(row[k]) * (row[k] + entropy)) / temperature
    }
  }

  var norm: Double { gradient.reduce(0) { $0 + $1 * $1 }.squareRoot() }
}
