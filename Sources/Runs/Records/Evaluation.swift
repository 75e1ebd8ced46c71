import FulcrumKernel
import Training

/// Holds held-out accuracy, category by category.
package struct Evaluation: Sendable, Equatable {
  package struct Row: Sendable, Equatable {
    package let category: String
    /// The completions that are correct, and those that have a score.
    package let counts: Counts
    /// How the samples of each item fared; `nil`: an item has one.
    package let samples: SampledItems?
    /// The items' most likely completions, if they were taken beside sampled ones.
    package let greedy: Counts?
    /// The number of forms of the items; `nil`: no two are alike.
    package let forms: Int?

    package init(
      category: String, counts: Counts, samples: SampledItems? = nil, greedy: Counts? = nil,
      forms: Int? = nil
    ) {
      self.category = category
      self.counts = counts
      self.samples = samples
      self.greedy = greedy
      self.forms = forms
    }

    package init(category: String, correct: Int, count: Int) {
      self.init(category: category, counts: Counts(correct: correct, count: count))
    }

    /// Puts together what several policies made of the same category.
    package static func pooled(_ rows: [Row]) -> Row? {
      guard let first = rows.first else { return nil }
      let greedy = rows.compactMap(\.greedy)
      return Row(
        category: first.category, counts: rows.map(\.counts).reduce(Counts(), +),
        samples: SampledItems.pooled(rows.compactMap(\.samples)),
        greedy: greedy.isEmpty ? nil : greedy.reduce(Counts(), +),
        forms: rows.compactMap(\.forms).max())
    }

    /// The share of correct completions: with several samples an item, pass@1.
    package var accuracy: Double { samples?.passAt1.mean ?? counts.share }
    package var interval: ClosedRange<Double> { samples?.passAt1.interval ?? counts.interval }
    /// The number of items that have a score.
    package var itemCount: Int { samples?.itemCount ?? counts.count }
    /// The number of items, with that of their forms where some are alike: `400 in 8 forms`.
    package var itemsText: String { "\(itemCount)" + formsText }
    package var formsText: String {
      forms.map { " in " + Counted.text($0, "form") } ?? ""
    }

    /// All that the row says, in the order of tables.
    package var measures: [Measure] {
      let isAlone = samples == nil && greedy == nil
      var measures = [
        Measure(
          kind: isAlone ? .accuracy : .passAt(1), counts: counts, mean: accuracy,
          interval: interval)
      ]
      if let samples, let share = samples.passAtK {
        measures.append(
          Measure(
            kind: .passAt(samples.k), counts: nil, mean: share.mean, interval: share.interval))
      }
      if let greedy {
        measures.append(
          Measure(kind: .greedy, counts: greedy, mean: greedy.share, interval: greedy.interval))
      }
      return measures
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

  /// Holds a share of a category, with its 95 % interval.
  package struct Measure: Sendable {
    package enum Kind: Sendable, Hashable {
      /// The share of correct completions, one an item.
      case accuracy
      /// The probability that one of so many samples of an item is correct.
      case passAt(Int)
      /// The share of items whose most likely completion is correct.
      case greedy

      package var name: String {
        switch self {
        case .accuracy: "accuracy"
        case .passAt(let k): "pass@\(k)"
        case .greedy: "greedy"
        }
      }
    }

    package let kind: Kind
    /// The completions that it counts; `nil`: it is no share of completions.
    package let counts: Counts?
    package let mean: Double
    package let interval: ClosedRange<Double>
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
