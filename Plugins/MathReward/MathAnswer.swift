/// Holds a final answer that was read, and its LaTeX.
struct MathAnswer: Sendable {
  /// The normalised LaTeX of the whole.
  private let tokens: [MathToken]
  /// The same with the white space between the words of its texts; `nil` if there are no texts.
  private let spelling: [MathToken]?
  private let value: MathValue

  /// - Returns: `nil` if nothing is left of the text.
  /// - Complexity: O(n).
  init?(_ text: String) {
    var all = MathTokenizer.tokens(of: text)[...]
    // A stop, commas and row ends close a sentence or a formula.
    var hasStop = false
    while let last = all.last,
      last.isComma || last == .semicolon || last == .command("\\")
        || last == .character(".") && !hasStop
    {
      hasStop = hasStop || last == .character(".")
      all.removeLast()
    }
    if let first = all.first, Self.quotes.contains(first) {
      all = all.drop(while: Self.quotes.contains)
      while let last = all.last, Self.quotes.contains(last) { all.removeLast() }
    }
    spelling = all.contains(.textOpen) ? ValueReader.normalised(all) : nil
    all = all.filter { $0 != .gap }[...]
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
    // `\text{a part}` is not `\text{apart}`.
    if tokens == other.tokens {
      return spelling == nil || other.spelling == nil || spelling == other.spelling
    }
    return value.matches(other.value, percentages: .hundredths)
      || value.mayLackPercentSigns(beside: other.value)
        && value.matches(other.value, percentages: .bare)
  }
}
