import Foundation
import FulcrumKernel
import JSON
import Training

/// Holds a line of `evaluations.jsonl`: held-out accuracy after a step.
package struct EvaluationRecord: Codable, Sendable, Equatable {
  package let step: Int
  package let evaluation: Evaluation

  package init(step: Int, evaluation: Evaluation) {
    self.step = step
    self.evaluation = evaluation
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: NamedKey.self)
    step = try container.decode(Int.self, forKey: .step)
    evaluation = try Evaluation(from: decoder)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: NamedKey.self)
    try container.encode(step, forKey: .step)
    try evaluation.encode(to: encoder)
  }
}

/// Writes an evaluation as an object with an entry for each category.
extension Evaluation: Codable {
  /// Reads categories in the order of their names, in which 2 is before 10.
  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: NamedKey.self)
    var rows: [Row] = []
    for key in container.allKeys where key.stringValue != NamedKey.step.stringValue {
      let entry = try container.decode(Entry.self, forKey: key)
      rows.append(try entry.row(key.stringValue))
    }
    self.init(
      rows: rows.sorted {
        $0.category.compare($1.category, options: .numeric) == .orderedAscending
      })
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: NamedKey.self)
    for row in rows { try container.encode(Entry(row), forKey: NamedKey(row.category)) }
  }

  /// Holds a category's entry. Values that follow from its counts are written for other programs,
  /// and not read.
  private struct Entry: Codable {
    let correct: Int
    let count: Int
    private var accuracy: Double?
    private var low: Double?
    private var high: Double?
    private var forms: Int?
    private var effectiveCount: Double?
    private var items: Int?
    private var k: Int?
    private var passAtK: Double?
    private var passAtKLow: Double?
    private var passAtKHigh: Double?
    private var itemCorrect: [Int]?
    private var itemCount: [Int]?
    private var itemForm: [Int]?
    private var greedy: Shown?

    /// The keys, in the file's order.
    private enum CodingKeys: String, CodingKey {
      case correct, count, accuracy, low, high, forms
      case effectiveCount = "effective_count"
      case items, k
      case passAtK = "pass_at_k"
      case passAtKLow = "pass_at_k_low"
      case passAtKHigh = "pass_at_k_high"
      case itemCorrect = "item_correct"
      case itemCount = "item_count"
      case itemForm = "item_form"
      case greedy
    }

    init(_ row: Row) {
      correct = row.counts.correct
      count = row.counts.count
      accuracy = row.accuracy
      low = row.interval.lowerBound
      high = row.interval.upperBound
      forms = row.forms
      effectiveCount = row.counts.effectiveCount
      greedy = row.greedy.map(Shown.init)
      guard let samples = row.samples else { return }
      items = samples.itemCount
      k = samples.k
      if let share = samples.passAtK {
        passAtK = share.mean
        passAtKLow = share.interval.lowerBound
        passAtKHigh = share.interval.upperBound
      }
      itemCorrect = samples.items.map(\.correct)
      itemCount = samples.items.map(\.count)
      itemForm = samples.forms
    }

    func row(_ category: String) throws -> Row {
      Row(
        category: category,
        counts: Counts(correct: correct, count: count, effectiveCount: effectiveCount),
        samples: try samples(of: category),
        greedy: greedy.map {
          Counts(correct: $0.correct, count: $0.count, effectiveCount: $0.effectiveCount)
        }, forms: forms)
    }

    private func samples(of category: String) throws -> SampledItems? {
      guard let k, let itemCorrect, let itemCount else { return nil }
      guard k >= 1, itemCorrect.count == itemCount.count,
        zip(itemCorrect, itemCount).allSatisfy({ 0 <= $0 && $0 <= $1 }),
        itemForm.map({ $0.count == itemCount.count }) ?? true
      else {
        throw DecodingError.dataCorrupted(
          .init(
            codingPath: [NamedKey(category)],
            debugDescription:
              "expected for each item at most as many correct samples as samples, and a form"))
      }
      return SampledItems(
        k: k, items: zip(itemCorrect, itemCount).map { Counts(correct: $0, count: $1) },
        forms: itemForm)
    }
  }

  /// Holds counts with what follows from them.
  private struct Shown: Codable {
    let correct: Int
    let count: Int
    let effectiveCount: Double?
    private let accuracy: Double?
    private let low: Double?
    private let high: Double?

    private enum CodingKeys: String, CodingKey {
      case correct, count, accuracy, low, high
      case effectiveCount = "effective_count"
    }

    init(_ counts: Counts) {
      effectiveCount = counts.effectiveCount
      correct = counts.correct
      count = counts.count
      accuracy = counts.share
      low = counts.interval.lowerBound
      high = counts.interval.upperBound
    }
  }
}

extension Evaluation {
  /// The accuracy and interval of each category, as one JSON object.
  package var line: JSONLine { JSONLine(self) }

  /// Returns a line of `evaluations.jsonl`.
  package func line(step: Int) -> JSONLine {
    JSONLine(EvaluationRecord(step: step, evaluation: self))
  }

  /// Reads the evaluation of a step back from `evaluations.jsonl`.
  ///
  /// A line that can't be read is skipped rather than to end the run: its step is evaluated again.
  package static func read(step: Int, from directory: RunDirectory) -> Evaluation? {
    RunDirectory.lines(of: directory.evaluations).lazy
      .compactMap { try? JSONRecord.decode(EvaluationRecord.self, from: Array($0.utf8)) }
      .first { $0.step == step }?.evaluation
  }
}
