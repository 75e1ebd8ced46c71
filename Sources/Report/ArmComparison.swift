import Charts
import Runs
import Training

/// Compares a number of each run, arm by arm: by how much the first arm is ahead of each other one on the
/// same seeds.
package struct ArmComparison {
  /// The number that is compared.
  package enum Measure: Hashable {
    /// A share of held-out items after the last step, the mean over categories.
    case heldOut(Evaluation.Measure.Kind)
    /// The mean reward over the last fifteenth of the steps, at least three of them; of fewer than
    /// six steps the last one's.
    case reward

    /// The measures that the arms' first run has.
    package static func all(of arms: [Arm]) -> [Measure] {
      let row = arms.first?.runs.first?.evaluations.last?.evaluation.rows.first
      return (row?.measures ?? []).map { .heldOut($0.kind) } + [.reward]
    }

    var title: String {
      switch self {
      case .heldOut(.greedy): "held-out greedy accuracy"
      case .heldOut(let kind): "held-out \(kind.name)"
      case .reward: "reward of the last steps"
      }
    }

    func value(of run: RunRecord) -> Double? {
      switch self {
      case .heldOut(let kind):
        guard let rows = run.evaluations.last?.evaluation.rows, !rows.isEmpty else { return nil }
        let shares = rows.compactMap { row in row.measures.first { $0.kind == kind }?.mean }
        return shares.count == rows.count ? Statistics.mean(shares) : nil
      case .reward: return run.metrics[MetricName.reward]?.ends?.last
      }
    }

    private var isShare: Bool { self != .reward }

    /// The unit of differences, as the end of a column's title.
    var unit: String { isShare ? ", points" : "" }

    func text(_ value: Double) -> String {
      isShare ? NumberText.percent(value) : NumberText.fixed(value)
    }

    func text(ofDifference value: Double) -> String {
      isShare ? NumberText.fixed(100 * value, decimals: 1) : NumberText.fixed(value)
    }
  }

  /// An arm's numbers.
  struct Row {
    let name: String
    /// The number of each of the arm's runs, in their order.
    let values: [Double]
    /// First arm minus this one, for each seed that both have; empty for the first arm.
    let ahead: [Double]
  }

  let measure: Measure
  let rows: [Row]

  /// - Returns: `nil` if some arm has no such number.
  package init?(_ measure: Measure, of arms: [Arm]) {
    self.measure = measure
    let columns = arms.map { arm in
      arm.runs.compactMap { run in measure.value(of: run).map { (seed: run.seed, value: $0) } }
    }
    guard let first = columns.first, columns.allSatisfy({ !$0.isEmpty }) else { return nil }
    rows = zip(arms, columns).enumerated().map { index, arm in
      let (arm, column) = arm
      let ahead = column.compactMap { own in
        first.first { $0.seed == own.seed }.map { $0.value - own.value }
      }
      return Row(name: arm.name, values: column.map(\.value), ahead: index == 0 ? [] : ahead)
    }
  }

  package var head: [String] {
    [
      "arm", "runs", measure.title, "lowest to highest", "\(rows[0].name) ahead by\(measure.unit)",
      "lowest to highest", "ahead on seeds",
    ]
  }

  /// The rows as texts, for a table with `head`.
  package var cells: [[String]] {
    rows.map { row in
      let own = [row.name, "\(row.values.count)"] + spread(row.values, measure.text(_:))
      guard !row.ahead.isEmpty else { return own + ["", "", ""] }
      // Equal means of other addends differ in their last bits.
      let wins = row.ahead.count { $0 > 1e-9 }
      return own + spread(row.ahead, measure.text(ofDifference:)) + [
        "\(wins) of \(row.ahead.count)"
      ]
    }
  }

  private func spread(_ values: [Double], _ text: (Double) -> String) -> [String] {
    let ends = [values.min() ?? .nan, values.max() ?? .nan].map(text)
    return [text(Statistics.mean(values)), ends.joined(separator: " to ")]
  }
}
