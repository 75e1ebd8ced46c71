import Foundation
import Training

extension Evaluation {
  /// Holds a category's entry in a line, or a further reward function's within it. Values that follow
  /// from its counts are written for other programs, and not read.
  struct Entry: Codable {
    private let correct: Int
    private let count: Int
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
    private var temperatures: NamedEntries?
    private var rewards: NamedEntries?
    /// Left out where it would be `false`.
    private var transfer: Bool?

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
      case greedy, temperatures, rewards, transfer
    }

    init(_ row: Row) {
      self.init(row.verdict)
      forms = row.forms
      transfer = row.isTransfer ? true : nil
      rewards = NamedEntries(row.rewards.map { ($0.key, Entry($0.verdict)) })
    }

    private init(_ verdict: Verdict) {
      correct = verdict.counts.correct
      count = verdict.counts.count
      accuracy = verdict.accuracy
      low = verdict.interval.lowerBound
      high = verdict.interval.upperBound
      effectiveCount = verdict.counts.effectiveCount
      greedy = verdict.greedy.map(Shown.init)
      temperatures = NamedEntries(
        verdict.temperatures.map { (Measure.Kind.text($0.key), Entry($0.verdict)) })
      guard let samples = verdict.samples else { return }
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

    /// - Throws: `DecodingError` for counts that can't be.
    func row(_ category: String) throws -> Row {
      Row(
        category: category, verdict: try verdict(at: [NamedKey(category)]),
        rewards: try (rewards?.entries ?? []).map { name, entry in
          OtherVerdict(name, try entry.verdict(at: [NamedKey(category), NamedKey(name)]))
        }, forms: forms, isTransfer: transfer ?? false)
    }

    private func verdict(at path: [NamedKey]) throws -> Verdict {
      Verdict(
        counts: Counts(correct: correct, count: count, effectiveCount: effectiveCount),
        samples: try samples(at: path),
        greedy: greedy.map {
          Counts(correct: $0.correct, count: $0.count, effectiveCount: $0.effectiveCount)
        },
        temperatures: try (temperatures?.entries ?? []).map { name, entry in
          let path = path + [NamedKey(name)]
          guard let temperature = Double(name) else {
            throw DecodingError.dataCorrupted(
              .init(codingPath: path, debugDescription: "expected a temperature, got '\(name)'"))
          }
          return OtherTemperature(temperature, try entry.verdict(at: path))
        })
    }

    private func samples(at path: [NamedKey]) throws -> SampledItems? {
      guard let k, let itemCorrect, let itemCount else { return nil }
      guard k >= 1, itemCorrect.count == itemCount.count,
        zip(itemCorrect, itemCount).allSatisfy({ 0 <= $0 && $0 <= $1 }),
        itemForm.map({ $0.count == itemCount.count }) ?? true
      else {
        throw DecodingError.dataCorrupted(
          .init(
            codingPath: path,
            debugDescription:
              "expected for each item at most as many correct samples as samples, and a form"))
      }
      return SampledItems(
        k: k, items: zip(itemCorrect, itemCount).map { Counts(correct: $0, count: $1) },
        forms: itemForm)
    }
  }

  /// Holds entries by name, as an object in their order. They are read in the order of their names.
  private struct NamedEntries: Codable {
    let entries: [(name: String, entry: Entry)]

    /// - Returns: `nil` if there are none.
    init?(_ entries: [(name: String, entry: Entry)]) {
      guard !entries.isEmpty else { return nil }
      self.entries = entries
    }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: NamedKey.self)
      let names = container.allKeys.map(\.stringValue).sorted {
        $0.compare($1, options: .numeric) == .orderedAscending
      }
      entries = try names.map { ($0, try container.decode(Entry.self, forKey: NamedKey($0))) }
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: NamedKey.self)
      for (name, entry) in entries { try container.encode(entry, forKey: NamedKey(name)) }
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
