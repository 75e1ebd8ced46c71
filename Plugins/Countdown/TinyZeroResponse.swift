/// Finds the equation in prompt and completion by the rules of TinyZero.
///
/// Texts are compared byte by byte, so that a combining mark hides no tag, as in Python.
package struct TinyZeroResponse: Sendable {
  private static let headers = ["Assistant:", "<|im_start|>assistant"].map { Array($0.utf8) }
  private static let opening = Array("<answer>".utf8)
  private static let closing = Array("</answer>".utf8)

  /// What stands in the last answer's tags, without white space around it; `nil`: there is no
  /// header, or no answer on the last line.
  package let equation: String?

  /// Reads what follows the first `Assistant:` or, without one, the first `<|im_start|>assistant`;
  /// and of that the last line alone.
  package init(prompt: String, completion: String) {
    let whole = Array(prompt.utf8) + Array(completion.utf8)
    let starts = Self.headers.lazy.compactMap { header in
      Self.first(header, in: whole[...]).map { $0 + header.count }
    }
    guard let start = starts.first else {
      equation = nil
      return
    }
    let response = whole[start...]
    let line = response[
      (response.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? response.startIndex)...]
    equation = Self.lastAnswer(in: line).map { Self.stripped(String(decoding: $0, as: UTF8.self)) }
  }

  /// Tells whether a prompt has a header, without which no completion has an equation.
  package static func hasHeader(_ prompt: String) -> Bool {
    let bytes = Array(prompt.utf8)
    return headers.contains { first($0, in: bytes[...]) != nil }
  }

  /// Returns the last of the answers: each begins at the first opening tag behind the one before,
  /// and ends at the first closing tag.
  private static func lastAnswer(in line: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    var last: ArraySlice<UInt8>?
    var rest = line
    while let opened = first(opening, in: rest) {
      let content = rest[(opened + opening.count)...]
      guard let closed = first(closing, in: content) else { break }
      last = content[..<closed]
      rest = content[(closed + closing.count)...]
    }
    return last
  }

  private static func first(_ needle: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
    var place = bytes.startIndex
    while place + needle.count <= bytes.endIndex {
      if bytes[place] == needle[0], bytes[place..<(place + needle.count)].elementsEqual(needle) {
        return place
      }
      place += 1
    }
    return nil
  }

  /// Takes off what `str.strip` does.
  private static func stripped(_ text: String) -> String {
    let scalars = text.unicodeScalars
    guard let first = scalars.firstIndex(where: { !isSpace($0) }),
      let last = scalars.lastIndex(where: { !isSpace($0) })
    else { return "" }
    return String(scalars[first...last])
  }

  private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F,
      0x205F, 0x3000:
      true
    default: false
    }
  }
}
