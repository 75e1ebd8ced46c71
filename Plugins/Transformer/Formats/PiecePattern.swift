/// A regular expression that cuts a text into the pieces within which tokens are merged.
///
/// The scanners are written by hand and follow the alternatives one by one. Those of Qwen2 and
/// Llama 3 differ only in the number of digits that stay together:
/// ```
/// (?i:'s|'t|'re|'ve|'m|'ll|'d)   1 a contraction
/// [^\r\n\p{L}\p{N}]?\p{L}+       2 a word, with one sign or space before it
/// \p{N}{1,n}                     3 digits
///  ?[^\s\p{L}\p{N}]+[\r\n]*      4 signs, with one space before and line ends after
/// \s*[\r\n]+                     5 white space up to its last line end
/// \s+(?!\S)                      6 white space, but for the last one before a piece
/// \s+                            7 white space
/// ```
/// GPT-2's pattern has lower-case contractions alone, allows only one space before the runs of 2 to
/// 4, keeps digits together, and takes line ends for white space like any other.
package enum PiecePattern: Sendable, Equatable, CaseIterable {
  case gpt2
  /// Digits one by one. Qwen2.5 and Qwen3 have it too.
  case qwen2
  /// Digits in threes.
  case llama3

  /// The pattern as `tokenizer.json` has it.
  package var regex: String {
    switch self {
    case .gpt2:
      #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
    case .qwen2: Self.words(number: #"\p{N}"#)
    case .llama3: Self.words(number: #"\p{N}{1,3}"#)
    }
  }

  private static func words(number: String) -> String {
    #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"# + number
      + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
  }

  /// Returns the end of the piece that begins at `start`.
  ///
  /// - Parameter text: valid UTF-8; `start` is less than its length and begins a scalar.
  /// - Complexity: O(piece), plus white space after it that is looked at twice.
  package func pieceEnd(in text: Span<UInt8>, from start: Int) -> Int {
    let scanner = PieceScanner()
    return switch self {
    case .gpt2: scanner.spacedPieceEnd(in: text, from: start)
    case .qwen2: scanner.wordPieceEnd(in: text, from: start, digitsPerPiece: 1)
    case .llama3: scanner.wordPieceEnd(in: text, from: start, digitsPerPiece: 3)
    }
  }
}
