/// Finds added tokens in a text: at the first place where one begins, the longest.
///
/// - Source: github.com/huggingface/tokenizers, tokenizer/added_vocabulary.rs, whose results this
///   has also where white space that a token takes with it belongs to the next token as well.
struct AddedTokenFinder: Sendable {
  /// Holds how far a text has been searched.
  struct Progress {
    /// The end of the last token's own text: the search goes on here.
    fileprivate var searched = 0
    /// The end of the last token with the white space that it took: plain text begins here.
    fileprivate(set) var plainStart = 0
  }

  /// A token with the plain text before it, which may be empty.
  struct Match {
    let plain: Range<Int>
    let id: Int32
  }

  private struct Candidate: Sendable {
    let bytes: [UInt8]
    let token: AddedToken
  }

  /// The tokens by first byte, the longest first, so that the first that fits is the longest.
  private let candidates: [[Candidate]]
  let isEmpty: Bool

  /// - Parameter tokens: the tokens, each with the text by which it is found.
  init(_ tokens: [(text: String, token: AddedToken)]) {
    var candidates = [[Candidate]](repeating: [], count: 256)
    for (text, token) in tokens {
      let bytes = Array(text.utf8)
      if let first = bytes.first {
        candidates[Int(first)].append(Candidate(bytes: bytes, token: token))
      }
    }
    for byte in candidates.indices { candidates[byte].sort { $0.bytes.count > $1.bytes.count } }
    self.candidates = candidates
    isEmpty = tokens.isEmpty
  }

  /// Returns the next token of a text; nil if there is none, and the rest from `plainStart` on is
  /// plain.
  func next(in text: Span<UInt8>, _ progress: inout Progress) -> Match? {
    if isEmpty { return nil }
    var position = progress.searched
    while position < text.count {
      guard let candidate = candidate(in: text, at: position) else {
        position += 1
        continue
      }
      var start = position
      var end = position + candidate.bytes.count
      position = end
      if candidate.token.isSingleWord,
        ScannedScalar.isWordEnd(text, before: start) || ScannedScalar.isWordStart(text, at: end)
      {
        continue
      }
      progress.searched = end
      if candidate.token.stripsLeft {
        start = max(ScannedScalar.spaceStart(text, before: start), progress.plainStart)
      }
      if candidate.token.stripsRight { end = ScannedScalar.spaceEnd(text, from: end) }
      let plainStart = progress.plainStart
      progress.plainStart = end
      return Match(plain: plainStart..<max(plainStart, start), id: candidate.token.id)
    }
    progress.searched = position
    return nil
  }

  @inline(__always)
  private func candidate(in text: Span<UInt8>, at position: Int) -> Candidate? {
    for candidate in candidates[Int(text[position])] {
      let count = candidate.bytes.count
      if count > text.count - position { continue }
      var i = 1
      while i < count && text[position + i] == candidate.bytes[i] { i += 1 }
      if i == count { return candidate }
    }
    return nil
  }
}
