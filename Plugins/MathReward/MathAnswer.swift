/// Holds a final answer that was read, and its LaTeX.
struct MathAnswer: Sendable {
  /// The normalised LaTeX of the whole.
  private let tokens: [MathToken]
  private let value: MathValue

  /// - Returns: `nil` if nothing is left of the text.
  /// - Complexity: O(n).
  init?(_ text: String) {
    var all = MathTokenizer.tokens(of: text)[...]
    // Stops, commas and row ends close a sentence or a formula.
    while let last = all.last,
      [.character("."), .comma, .separator, .command("\\")].contains(last)
    {
      all.removeLast()
    }
    if let first = all.first, Self.quotes.contains(first) {
      all = all.drop(while: Self.quotes.contains)
      while let last = all.last, Self.quotes.contains(last) { all.removeLast() }
    }
    tokens = ValueReader.normalised(all)
    guard !tokens.isEmpty else { return nil }
    value = ValueReader.value(of: all)
  }

  private static let quotes: Set<MathToken> = [
    .character("`"), .character("'"), .character("\""), .character("\u{201C}"),
    .character("\u{201D}"), .character("\u{2018}"), .character("\u{2019}"),
  ]

  /// Tells whether both answers are the same.
  ///
  /// - Complexity: O(n), and quadratic in the sizes of numbers and collections, which have limits.
  func matches(_ other: MathAnswer) -> Bool {
    tokens == other.tokens || value.matches(other.value)
  }
}
