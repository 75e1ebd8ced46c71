import Foundation
import FulcrumKernel

/// Tells whether held-out items look like training items, by simple statistics of their texts.
///
/// A split by a badly mixed hash gives two sets that are disjoint and yet unlike: the held-out half has
/// numbers at regular distances, and measures an extrapolation.
///
/// Items are compared within their category, for the share of each is the task's to choose. Items of one
/// form, or of one text, count once.
public enum ItemLikeness {
  /// The chance that fair sets are called unlike, all statistics together.
  public static let level = 1e-6
  /// The fewest different items of a category, in each set, that are compared.
  public static let fewest = 50

  /// Returns in what the two sets differ most, in one sentence; `nil`: they look alike, or there are too
  /// few items to tell.
  public static func difference(training: [TaskItem], heldOut: [TaskItem]) -> String? {
    let ours = Dictionary(grouping: distinct(training), by: \.category)
    let theirs = Dictionary(grouping: distinct(heldOut), by: \.category)
    var findings: [(category: String, comparison: ItemComparison)] = []
    for (category, items) in ours.sorted(by: { $0.key < $1.key }) {
      guard let others = theirs[category], min(items.count, others.count) >= fewest else {
        continue
      }
      findings += ItemComparison.all(of: items, and: others).map { (category, $0) }
    }
    guard let worst = findings.min(by: { $0.comparison.chance < $1.comparison.chance }),
      worst.comparison.chance * Double(findings.count) < level
    else { return nil }
    return "in category '\(worst.category)' they differ in \(worst.comparison.sentence)"
      + String(format: " (by chance with p = %.0e)", worst.comparison.chance)
  }

  /// Tells whether held-out items are picked by their forms, as training items are not: some puzzle is drawn
  /// often, and held out once. Such items are no draws, and may be unlike with good reason.
  public static func arePicked(_ heldOut: [TaskItem], beside training: [TaskItem]) -> Bool {
    heldOut.contains { $0.form != nil } && training.allSatisfy { $0.form == nil }
  }

  private static func distinct(_ items: [TaskItem]) -> [TaskItem] {
    var seen: Set<String> = []
    return items.filter { seen.insert($0.form ?? $0.text).inserted }
  }
}

extension TaskItem {
  /// The prompt, or the conversation that the host is to write it from.
  var text: String {
    prompt.isEmpty
      ? messages.map { "\($0.role.rawValue): \($0.content)\n" }.joined() : prompt
  }
}
