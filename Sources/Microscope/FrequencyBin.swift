import JSON
import Training

/// A part of some completions: in order of a frequency, they are cut into up to five of about one size.
package struct FrequencyBin: Codable, Sendable, Equatable {
  static let count = 5

  /// Mean frequency of the part's completions.
  @NaNAsNull package var frequency: Double
  /// Mean reward of the part's completions.
  @NaNAsNull package var reward: Double
  package var completions: Int

  enum CodingKeys: String, CodingKey { case frequency, reward, completions }

  init(frequency: Double, reward: Double, completions: Int) {
    self.frequency = frequency
    self.reward = reward
    self.completions = completions
  }

  /// Returns parts in which equal frequencies stay together: all of them go where the middle one of their
  /// ranks belongs, and a part that nothing goes to is left out.
  static func bins(frequencies: [Double], rewards: [Double]) -> [FrequencyBin] {
    let order = frequencies.indices.sorted { frequencies[$0] < frequencies[$1] }
    var parts = [[Int]](repeating: [], count: count)
    var first = 0
    while first < order.count {
      let value = frequencies[order[first]]
      let end = order[first...].firstIndex { frequencies[$0] != value } ?? order.count
      // (first + end) / 2 of order.count, in integers.
      parts[(first + end) * count / (2 * order.count)] += order[first..<end]
      first = end
    }
    return parts.filter { !$0.isEmpty }.map { part in
      FrequencyBin(
        frequency: Statistics.mean(part.map { frequencies[$0] }),
        reward: Statistics.mean(part.map { rewards[$0] }), completions: part.count)
    }
  }
}
