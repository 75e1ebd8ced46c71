/// Finds a final answer between the braces of LaTeX's `\boxed`.
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
    let tag = Array("</think>".utf8)
    guard bytes.count >= tag.count else { return bytes }
    for start in 0...(bytes.count - tag.count) where bytes[start...].starts(with: tag) {
      return Array(bytes[(start + tag.count)...])
    }
    return bytes
  }

  /// Returns the content of the last `\boxed{…}` or `\fbox{…}`. Braces nest; those of `\{` and `\}`
  /// don't count.
  ///
  /// - Complexity: O(n).
  static func last(in text: [UInt8]) -> Finding {
    guard let start = lastStart(in: text) else { return .none }
    var depth = 1
    var place = start
    while place < text.count {
      switch text[place] {
      case UInt8(ascii: "\\"): place += 1
      case UInt8(ascii: "{"): depth += 1
      case UInt8(ascii: "}"): depth -= 1
      default: break
      }
      if depth == 0 { return .content(String(decoding: text[start..<place], as: UTF8.self)) }
      place += 1
    }
    return .unclosed
  }

  /// Returns the place after the last box's opening brace.
  private static func lastStart(in text: [UInt8]) -> Int? {
    let commands = [Array(#"\boxed"#.utf8), Array(#"\fbox"#.utf8)]
    for start in text.indices.reversed() where text[start] == UInt8(ascii: "\\") {
      for command in commands where text[start...].starts(with: command) {
        var place = start + command.count
        while place < text.count, text[place] == UInt8(ascii: " ") { place += 1 }
        if place < text.count, text[place] == UInt8(ascii: "{") { return place + 1 }
      }
    }
    return nil
  }
}
