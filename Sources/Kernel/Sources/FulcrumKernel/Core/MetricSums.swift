/// Named means, collected piece by piece: the value of a metric is its sum over its count.
public struct MetricSums: Sendable {
  public private(set) var entries: [String: (sum: Double, count: Double)] = [:]

  public init() {}

  /// Adds `count` observations that sum to `sum`.
  public mutating func add(_ name: String, sum: Double, count: Int) {
    let old = entries[name] ?? (0, 0)
    entries[name] = (old.sum + sum, old.count + Double(count))
  }

  /// `nil` if nothing was observed under this name.
  public func mean(_ name: String) -> Double? {
    guard let entry = entries[name], entry.count > 0 else { return nil }
    return entry.sum / entry.count
  }
}
