import Foundation

/// Finds a final answer in LaTeX's `\boxed`.
enum Box {
  /// Tells what a text gives as its final answer.
  enum Finding: Equatable {
    case none
    /// The last box opens and never closes, as in a completion that was cut.
    case unclosed
    case content(String)
  }

  /// Returns the text after the first `</think>`, or the whole text if there is none.
  ///
  /// - Complexity: O(n).
  static func response(in text: String) -> [UInt8] {
    let bytes = Array(text.utf8)
    return range(of: Array("</think>".utf8), in: bytes).map { Array(bytes[$0.upperBound...]) }
      ?? bytes
  }

  /// Returns the text after the last `####`, as GSM8K's answers have it; `nil` if there is none.
  static func marked(in text: String) -> String? {
    text.range(of: "####", options: .backwards).map { String(text[$0.upperBound...]) }
  }

  /// Returns the content of the last `\boxed`, `\fbox` or `\framebox`: what its braces hold, or the
  /// one token behind it, as in `\boxed5`. Braces nest; those of `\{` and `\}` don't count.
  ///
  /// - Complexity: O(n).
  static func last(in text: [UInt8]) -> Finding {
    guard let start = lastStart(in: text) else { return .none }
    guard text[start] == UInt8(ascii: "{") else {
      return token(at: start, in: text).map { .content($0) } ?? .none
    }
    guard let end = end(ofGroup: start, in: text) else { return .unclosed }
    return .content(String(decoding: text[(start + 1)..<end], as: UTF8.self))
  }

  /// Returns the place of the brace that closes a group.
  private static func end(ofGroup start: Int, in text: [UInt8]) -> Int? {
    var depth = 0
    var place = start
    while place < text.count {
      switch text[place] {
      case UInt8(ascii: "\\"): place += 1
      case UInt8(ascii: "{"): depth += 1
      case UInt8(ascii: "}"): depth -= 1
      default: break
      }
      if depth == 0 { return place }
      place += 1
    }
    return nil
  }

  /// Returns the one digit or letter at a place, or the command with its group: `\boxed\text{5}`.
  private static func token(at start: Int, in text: [UInt8]) -> String? {
    let rest = text[start...]
    if rest.first == UInt8(ascii: "\\") {
      let name = rest.dropFirst().prefix { isLetter($0) }
      guard !name.isEmpty, name.endIndex < text.count, text[name.endIndex] == UInt8(ascii: "{"),
        let end = end(ofGroup: name.endIndex, in: text)
      else { return nil }
      return String(decoding: text[start...end], as: UTF8.self)
    }
    let word = rest.prefix { isLetter($0) || isDigit($0) }
    // TeX would box the first of several, which nobody means.
    return word.count == 1 ? String(decoding: word, as: UTF8.self) : nil
  }

  /// Returns the place of what follows the last box's command, if something does.
  private static func lastStart(in text: [UInt8]) -> Int? {
    let commands = ["boxed", "fbox", "framebox"].map { Array("\\\($0)".utf8) }
    for start in text.indices.reversed() where text[start] == UInt8(ascii: "\\") {
      for command in commands where text[start...].starts(with: command) {
        var place = start + command.count
        let isName = place == text.count || !isLetter(text[place])
        while place < text.count, isSpace(text[place]) { place += 1 }
        guard isName, place < text.count else { continue }
        if text[place] == UInt8(ascii: "{") || token(at: place, in: text) != nil { return place }
      }
    }
    return nil
  }

  private static func range(of pattern: [UInt8], in text: [UInt8]) -> Range<Int>? {
    guard text.count >= pattern.count else { return nil }
    for start in 0...(text.count - pattern.count) where text[start...].starts(with: pattern) {
      return start..<(start + pattern.count)
    }
    return nil
  }

  private static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }
  private static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }
  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x0A || byte == 0x09
  }
}
