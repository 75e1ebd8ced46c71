import CountdownPlugin

/// Reads short prompts back.
enum PlainPrompt {
  /// Returns the puzzle of `17 17 3 make 68:`; `nil` for another text.
  static func puzzle(of prompt: String) -> Puzzle? {
    let words = prompt.split(separator: " ")
    guard words.count > 2, words[words.count - 2] == "make", let last = words.last,
      last.hasSuffix(":"), let target = Int(last.dropLast())
    else { return nil }
    let numbers = words.dropLast(2).compactMap { Int($0) }
    return numbers.count == words.count - 2 ? Puzzle(numbers: numbers, target: target) : nil
  }
}
