/// Finds what a misspelt name was probably meant to be.
public enum NearNames {
  /// The candidates within a third of the name's length (at least 2) in edits, nearest first.
  ///
  /// - Complexity: O(candidates · length²).
  public static func of(_ name: String, among candidates: [String], limit: Int = 3) -> [String] {
    let reach = max(2, name.count / 3)
    return candidates.map { (name: $0, edits: edits(Array(name), Array($0))) }
      .filter { $0.edits <= reach }
      .sorted { ($0.edits, $0.name) < ($1.edits, $1.name) }
      .prefix(limit).map(\.name)
  }

  /// A hint sentence for an unknown name: the near ones, or else all of them.
  public static func hint(for name: String, among candidates: [String]) -> String {
    let near = of(name, among: candidates)
    if !near.isEmpty {
      return "did you mean " + near.map { "'\($0)'" }.joined(separator: " or ") + "?"
    }
    if candidates.isEmpty { return "there are none to choose from" }
    return "known: " + candidates.sorted().joined(separator: ", ")
  }

  /// Levenshtein distance: insertions, deletions and substitutions, each of cost 1.
  private static func edits(_ a: [Character], _ b: [Character]) -> Int {
    var previous = Array(0...b.count)
    for (i, x) in a.enumerated() {
      var current = [i + 1]
      for (j, y) in b.enumerated() {
        let substituted = previous[j] + (x == y ? 0 : 1)
        current.append(min(substituted, previous[j + 1] + 1, current[j] + 1))
      }
      previous = current
    }
    return previous[b.count]
  }
}
