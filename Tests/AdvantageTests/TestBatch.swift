import Foundation
import FulcrumKernel

/// A batch of seeded random values, by groups, that can be turned around.
struct TestBatch {
  /// Groups of four, none, one, two and three completions; two of them have no tokens.
  static let ragged = [[3, 0, 5, 1], [], [4], [2, 7], [0, 1, 6]]

  /// One completion: as many values in each column as it has tokens.
  struct Completion {
    var reward: Float
    var columns: [Column: [Float]]
    var count: Int { columns[.oldLogProbabilities]?.count ?? 0 }
  }

  let groups: [[Completion]]

  init(lengths: [[Int]], seed: UInt64) {
    var state = seed
    func uniform() -> Double {
      // Knuth's MMIX constants; the high bits are good enough for test data.
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 11) * 0x1p-53
    }
    groups = lengths.map { group in
      group.map { length in
        let old = (0..<length).map { _ in Float(log(0.01 + 0.99 * uniform())) }
        return Completion(
          reward: Float(6 * uniform() - 3),
          columns: [
            .oldLogProbabilities: old,
            .rolloutLogProbabilities: old.map { $0 - Float(0.1 * uniform()) },
            .referenceLogProbabilities: old.map { $0 - Float(uniform()) },
            .entropies: old.map { _ in Float(2.5 * uniform()) },
          ])
      }
    }
  }

  private init(groups: [[Completion]]) { self.groups = groups }

  /// The same prompts in the opposite order.
  var reversed: TestBatch { TestBatch(groups: groups.reversed()) }

  var whole: RolloutBatch {
    batch(with: [
      .rolloutLogProbabilities, .oldLogProbabilities, .referenceLogProbabilities, .entropies,
    ])
  }

  func batch(with columns: Set<Column>) -> RolloutBatch {
    let completions = groups.flatMap(\.self)
    return RolloutBatch(
      sequences: SequenceBatch(
        prompts: groups.map { _ in [1] },
        completions: groups.map { $0.map { Array(repeating: 7, count: $0.count) } }),
      rewards: completions.map(\.reward),
      columns: Dictionary(
        uniqueKeysWithValues: columns.map { column in
          (column, completions.flatMap { $0.columns[column] ?? [] })
        }))
  }

  /// Values of the batch's tokens, by group.
  func split(_ values: [Float]) -> [[Float]] {
    var rest = values[...]
    return groups.map { group in
      let count = group.reduce(0) { $0 + $1.count }
      defer { rest = rest.dropFirst(count) }
      return Array(rest.prefix(count))
    }
  }
}
