import Charts
import FulcrumKernel
import Training

/// Says where runs are compared that are not all as long: at the largest number of steps, tokens or
/// seconds that all of them reached.
package struct ComparisonPoint: Sendable {
  /// What is equal in all runs.
  package enum Kind: String, CaseIterable, Sendable {
    case steps, tokens, seconds
  }

  package let kind: Kind
  /// The number that all runs reached.
  let reached: Double

  /// - Parameter runs: not empty.
  package init(_ kind: Kind, of runs: [RunRecord]) {
    self.kind = kind
    reached = runs.map { Self.progress(kind, of: $0).last?.y ?? 0 }.min() ?? 0
  }

  /// Returns how far a run is after each of its steps.
  private static func progress(_ kind: Kind, of run: RunRecord) -> [Chart.Point] {
    switch kind {
    case .steps:
      return run.steps.map { Chart.Point(x: Double($0), y: Double($0)) }
    case .tokens: return run.metrics["num_tokens"]?.points ?? []
    case .seconds:
      var sum = 0.0
      return (run.metrics[MetricName.stepTime]?.points ?? []).map { point in
        sum += point.y
        return Chart.Point(x: point.x, y: sum)
      }
    }
  }

  /// Returns the last step of a run that is not beyond the point.
  func step(of run: RunRecord) -> Int {
    let steps = Self.progress(kind, of: run).filter { $0.y <= reached }.map { Int($0.x) }
    return steps.last ?? 0
  }

  /// Says what was taken of the runs.
  func words(_ runs: [RunSummary]) -> String {
    let number =
      switch kind {
      case .steps: Counted.text(Int(reached), "step")
      case .tokens: "\(Int(reached)) tokens"
      case .seconds: "\(NumberText.fixed(reached, decimals: 0)) seconds"
      }
    return "at \(number)" + (kind == .steps ? "" : ", after steps " + Self.range(runs.map(\.steps)))
  }

  /// Returns numbers as a range: 40 to 60.
  static func range(_ numbers: [Int]) -> String {
    guard let low = numbers.min(), let high = numbers.max() else { return "–" }
    return low == high ? "\(low)" : "\(low) to \(high)"
  }
}
