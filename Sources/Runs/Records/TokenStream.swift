/// Turns tokens into text as they come. A token may end within a character, whose text waits for
/// the rest of it.
package final class TokenStream {
  private static let replacement: Unicode.Scalar = "\u{FFFD}"
  private let decode: ([Int32]) -> String
  /// The tokens whose text is not yet shown as a whole.
  private var pending: [Int32] = []
  /// The number of scalars of the pending tokens' text that are shown.
  private var shown = 0

  /// - Parameter decode: gives the text of tokens, with U+FFFD for bytes that make no character.
  package init(decode: @escaping ([Int32]) -> String) { self.decode = decode }

  /// Returns the whole characters that a token completes.
  package func add(_ token: Int32) -> String {
    pending.append(token)
    var scalars = decode(pending).unicodeScalars
    // An incomplete character is one U+FFFD, and the last.
    guard scalars.last == Self.replacement else { return finish(scalars) }
    scalars.removeLast()
    let new = String(String.UnicodeScalarView(scalars.dropFirst(shown)))
    shown = scalars.count
    return new
  }

  /// Returns the rest of the text, complete or not.
  package func end() -> String { finish(decode(pending).unicodeScalars) }

  private func finish(_ scalars: String.UnicodeScalarView) -> String {
    let new = String(String.UnicodeScalarView(scalars.dropFirst(shown)))
    pending = []
    shown = 0
    return new
  }
}
