import FulcrumKernel
import Training

/// Holds held-out accuracy, category by category.
package struct Evaluation: Sendable, Equatable {
  package struct Row: Sendable, Equatable {
    package let category: String
    /// What the first reward function says of the completions.
    package let verdict: Verdict
    /// What further reward functions say of the same completions, in the configuration's order.
    package let rewards: [OtherVerdict]
    /// The number of forms of the items; `nil`: no two are alike.
    package let forms: Int?
    /// Whether the items are those of a task beside the one that is trained on.
    package let isTransfer: Bool

    package init(
      category: String, verdict: Verdict, rewards: [OtherVerdict] = [], forms: Int? = nil,
      isTransfer: Bool = false
    ) {
      self.category = category
      self.verdict = verdict
      self.rewards = rewards
      self.forms = forms
      self.isTransfer = isTransfer
    }

    package init(
      category: String, counts: Counts, samples: SampledItems? = nil, greedy: Counts? = nil,
      forms: Int? = nil
    ) {
      self.init(
        category: category, verdict: Verdict(counts: counts, samples: samples, greedy: greedy),
        forms: forms)
    }

    package init(category: String, correct: Int, count: Int) {
      self.init(category: category, counts: Counts(correct: correct, count: count))
    }

    /// Puts together what several policies made of the same category.
    package static func pooled(_ rows: [Row]) -> Row? {
      guard let first = rows.first, let verdict = Verdict.pooled(rows.map(\.verdict)) else {
        return nil
      }
      return Row(
        category: first.category, verdict: verdict,
        rewards: OtherVerdict.pooled(rows.map(\.rewards)), forms: rows.compactMap(\.forms).max(),
        isTransfer: first.isTransfer)
    }

    /// The category as tables have it.
    package var title: String { category + (isTransfer ? " (transfer)" : "") }
    /// The completions that are correct, and those that have a score.
    package var counts: Counts { verdict.counts }
    /// How the samples of each item fared; `nil`: an item has one.
    package var samples: SampledItems? { verdict.samples }
    /// The items' most likely completions, if they were taken beside sampled ones.
    package var greedy: Counts? { verdict.greedy }
    /// The share of correct completions: with several samples an item, pass@1.
    package var accuracy: Double { verdict.accuracy }
    package var interval: ClosedRange<Double> { verdict.interval }
    /// The number of items that have a score.
    package var itemCount: Int { samples?.itemCount ?? counts.count }
    /// The number of items, with that of their forms where some are alike: `400 in 8 forms`.
    package var itemsText: String { "\(itemCount)" + formsText }
    package var formsText: String {
      forms.map { " in " + Counted.text($0, "form") } ?? ""
    }

    /// All that the row says, in the order of tables: by the first reward function, then by the others.
    package var measures: [Measure] {
      verdict.measures
        + rewards.flatMap { other in
          other.verdict.measures.map { $0.of(.reward(other.key, $0.kind)) }
        }
    }
  }

  /// Counts completions.
  package struct Counts: Sendable, Equatable {
    package var correct: Int
    /// The completions that have a score.
    package var count: Int
    /// The number of independent draws that they are worth, where items are alike; `nil`: each is
    /// one.
    package var effectiveCount: Double?

    package init(correct: Int = 0, count: Int = 0, effectiveCount: Double? = nil) {
      self.correct = correct
      self.count = count
      self.effectiveCount = effectiveCount
    }

    package var share: Double { count > 0 ? Double(correct) / Double(count) : 0 }
    /// Wilson's 95 % interval of the share.
    package var interval: ClosedRange<Double> {
      Statistics.wilson(share: share, size: effectiveCount ?? Double(count))
    }

    package static func + (one: Counts, other: Counts) -> Counts {
      let isWorthLess = one.effectiveCount != nil || other.effectiveCount != nil
      return Counts(
        correct: one.correct + other.correct, count: one.count + other.count,
        effectiveCount: isWorthLess
          ? (one.effectiveCount ?? Double(one.count))
            + (other.effectiveCount ?? Double(other.count)) : nil)
    }
  }

  package let rows: [Row]

  package init(rows: [Row]) { self.rows = rows }

  /// All that the rows say, by the tags that other programs know them by, in the order of the
  /// categories' names: `evaluation/2 people`, `evaluation/2 people/greedy`.
  var scalars: [(tag: String, mean: Double)] {
    rows.sorted { $0.category < $1.category }.flatMap { row in
      row.measures.enumerated().map { place, measure in
        (
          Self.tagPrefix + row.category + (place == 0 ? "" : "/" + measure.kind.name), measure.mean
        )
      }
    }
  }

  /// The beginning of every tag.
  static let tagPrefix = "evaluation/"
}
