import Foundation
import FulcrumKernel
import Training

/// Holds held-out accuracy, category by category.
package struct Evaluation: Sendable, Equatable {
  package struct Row: Sendable, Equatable {
    package let category: String
    package let correct: Int
    package let count: Int
    /// The number of forms of the items, where some are alike (see `FormTally`).
    package let forms: Int?
    /// The number of independent items that the items are worth; `nil`: they are independent.
    package let effectiveCount: Double?

    package init(
      category: String, correct: Int, count: Int, forms: Int? = nil, effectiveCount: Double? = nil
    ) {
      self.category = category
      self.correct = correct
      self.count = count
      self.forms = forms
      self.effectiveCount = effectiveCount
    }

    package var accuracy: Double { count > 0 ? Double(correct) / Double(count) : 0 }
    /// Wilson's 95 % interval of the accuracy, of as many items as these are worth.
    package var interval: ClosedRange<Double> {
      Statistics.wilson(share: accuracy, count: effectiveCount ?? Double(count))
    }
  }

  package let rows: [Row]

  package init(rows: [Row]) { self.rows = rows }

  /// Samples one completion for each item and counts the correct ones.
  ///
  /// The draws are the same at every evaluation, so two of them differ by the policy alone. Where
  /// the configuration lets a run go on without a score, an item isn't counted if the first reward
  /// function could not score its completion.
  package static func run(_ items: [TaskItem], by sampler: RolloutSampler) throws(FulcrumError)
    -> Evaluation
  {
    guard !items.isEmpty else { return Evaluation(rows: []) }
    let rollout = try sampler.collect(items, step: UInt32.max)
    var order: [String] = []
    var tally: [String: (correct: Int, count: Int)] = [:]
    var forms: [String: FormTally] = [:]
    for (item, score) in zip(items, rollout.scores[0]) {
      if tally[item.category] == nil { order.append(item.category) }
      var entry = tally[item.category] ?? (0, 0)
      if !score.isMissing {
        entry.count += 1
        forms[item.category, default: FormTally()].add(item, isCorrect: score.outcome == .correct)
      }
      if score.outcome == .correct { entry.correct += 1 }
      tally[item.category] = entry
    }
    return Evaluation(
      rows: order.map {
        let effective = forms[$0]?.effectiveCount
        return Row(
          category: $0, correct: tally[$0]?.correct ?? 0, count: tally[$0]?.count ?? 0,
          forms: effective == nil ? nil : forms[$0]?.forms, effectiveCount: effective)
      })
  }
}

/// Writes one or more evaluations side by side, as a text table.
package enum EvaluationTable {
  /// - Parameter columns: evaluations with their titles, over the same categories.
  package static func text(_ columns: [(title: String, evaluation: Evaluation)]) -> String {
    guard let first = columns.first?.evaluation, !first.rows.isEmpty else { return "" }
    var lines = [["held out", "items"] + columns.map { "\($0.title) (95 % interval)" }]
    for (index, row) in first.rows.enumerated() {
      lines.append(
        [row.category, "\(row.count)" + (row.forms.map { " in \($0) forms" } ?? "")]
          + columns.map { column in
            guard column.evaluation.rows.indices.contains(index) else { return "" }
            let row = column.evaluation.rows[index]
            let interval = row.interval
            return percent(row.accuracy) + " (" + percent(interval.lowerBound) + " to "
              + percent(interval.upperBound) + ")"
          })
    }
    return TextTable.text(lines)
  }

  private static func percent(_ share: Double) -> String {
    String(format: "%.1f %%", 100 * share)
  }
}
