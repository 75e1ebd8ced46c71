import FulcrumKernel

/// Turns texts into tokens and back: a byte-level BPE tokenizer, as in `tokenizer.json`.
///
/// - Source: the file format and its meaning are those of github.com/huggingface/tokenizers.
package struct Tokenizer: TokenCodec {
  /// Holds two tokens that become one; a merge's rank is its place in the list.
  struct Merge: Sendable, Equatable {
    let left: Int32
    let right: Int32
  }

  /// The tokens that the file's post-processor puts before a text: Llama 3's begin of text.
  ///
  /// `encode` does not add them: a prompt brings its own markup.
  package let prefixTokens: [Int32]
  /// The bytes of each token; none for a number that no token has.
  let vocabulary: [[UInt8]]
  let merges: [Merge]
  let added: [AddedToken]
  let parts: TokenizerParts
  let companions: TokenizerCompanions
  private let preTokenizer: PreTokenizer
  /// Whether text is brought into Unicode's composed form (NFC) first.
  private let isComposing: Bool
  /// The finders for the text as it is, and for the normalized text.
  private let verbatim: AddedTokenFinder
  private let normalized: AddedTokenFinder
  /// The tokens that a piece becomes as a whole, without a look at the merges; `nil`: no piece
  /// does.
  private let wholePieces: MergeableTokens?
  private let bytePairs: BytePairMerges
  private let isSpecial: [Bool]

  /// The number of rows of the model, of which those without a token decode to nothing: as many as
  /// `vocabularySize` unless the model has more.
  package var rowCount: Int

  /// The number behind the last token's; added tokens are tokens too.
  package var vocabularySize: Int { vocabulary.count }

  /// The numbers that tokens have.
  package var tokenRows: TokenRows {
    TokenRows(
      end: vocabulary.count,
      holes: vocabulary.indices.filter { vocabulary[$0].isEmpty }.map { Int32($0) })
  }

  /// - Throws: `.checkpoint` if the parts don't fit each other.
  init(
    preTokenizer: PreTokenizer, isComposing: Bool, prefixTokens: [Int32], parts: TokenizerParts,
    vocabulary: [[UInt8]], mergeable: MergeableTokens, merges: [Merge], ignoresMerges: Bool,
    added: [AddedToken], companions: TokenizerCompanions = TokenizerCompanions()
  ) throws(FulcrumError) {
    self.preTokenizer = preTokenizer
    self.isComposing = isComposing
    self.prefixTokens = prefixTokens
    self.parts = parts
    self.vocabulary = vocabulary
    self.merges = merges
    self.added = added
    self.companions = companions
    rowCount = vocabulary.count
    bytePairs = try BytePairMerges(merges, vocabulary: vocabulary, tokens: mergeable)
    wholePieces = ignoresMerges ? mergeable : nil
    verbatim = AddedTokenFinder(added.filter { !$0.isNormalized }.map { ($0.text, $0) })
    normalized = AddedTokenFinder(
      added.filter(\.isNormalized).map { ($0.soughtText(isComposing: isComposing), $0) })
    var isSpecial = [Bool](repeating: false, count: vocabulary.count)
    for token in added { isSpecial[Int(token.id)] = token.isSpecial }
    self.isSpecial = isSpecial
  }

  /// Returns the number of an added token, special or not; nil if there is none with that text.
  package func specialToken(_ text: String) -> Int32? {
    // Compared as bytes: Swift takes canonically equivalent texts for equal.
    added.first { $0.text.utf8.elementsEqual(text.utf8) }?.id
  }

  /// Returns the tokens of a text; added tokens written in it become themselves.
  ///
  /// A byte that the vocabulary lacks is left out, as the library does: SmolLM2's lacks seven
  /// control characters and the first bytes of two unassigned planes.
  package func encode(_ text: String) -> [Int32] {
    var tokens: [Int32] = []
    // English text has about four bytes a token.
    tokens.reserveCapacity(text.utf8.count / 3)
    var merger = PieceMerger()
    let bytes = text.utf8Span.span
    var progress = AddedTokenFinder.Progress()
    while let match = verbatim.next(in: bytes, &progress) {
      encodePlain(bytes.extracting(match.plain), &merger, into: &tokens)
      tokens.append(match.id)
    }
    encodePlain(bytes.extracting(progress.plainStart..<bytes.count), &merger, into: &tokens)
    return tokens
  }

  private func encodePlain(
    _ text: Span<UInt8>, _ merger: inout PieceMerger, into tokens: inout [Int32]
  ) {
    if isComposing, let composed = Composition.composed(text) {
      encodeNormalized(composed.span, &merger, into: &tokens)
    } else {
      encodeNormalized(text, &merger, into: &tokens)
    }
  }

  private func encodeNormalized(
    _ text: Span<UInt8>, _ merger: inout PieceMerger, into tokens: inout [Int32]
  ) {
    var progress = AddedTokenFinder.Progress()
    while let match = normalized.next(in: text, &progress) {
      encodePieces(text.extracting(match.plain), &merger, into: &tokens)
      tokens.append(match.id)
    }
    encodePieces(text.extracting(progress.plainStart..<text.count), &merger, into: &tokens)
  }

  private func encodePieces(
    _ text: Span<UInt8>, _ merger: inout PieceMerger, into tokens: inout [Int32]
  ) {
    // The closure retains what it captures for each piece, so it captures these two alone and not the
    // tokenizer.
    let wholePieces = wholePieces
    let bytePairs = bytePairs
    preTokenizer.forEachPiece(in: text) { piece in
      if let token = wholePieces?.id(of: piece) {
        tokens.append(token)
      } else {
        merger.encode(piece, bytePairs, into: &tokens)
      }
    }
  }

  /// Returns the text of tokens. Bytes that aren't UTF-8 become U+FFFD; a row of the model that no
  /// token has is nothing.
  ///
  /// - Throws: `.data` for a number that no row has.
  package func decode(
    _ tokens: [Int32], keepingSpecialTokens: Bool
  ) throws(FulcrumError) -> String {
    var bytes: [UInt8] = []
    for (index, token) in tokens.enumerated() {
      guard (0..<rowCount).contains(Int(token)) else {
        throw FulcrumError(
          .data, "token \(index) has the number \(token), expected from 0 to \(rowCount - 1)",
          hint: "the tokens are of another tokenizer")
      }
      bytes += keepingSpecialTokens ? self.bytes(of: token) : plainBytes(of: token)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Returns what a token adds to a text without special tokens: its bytes, none for a special one.
  package func plainBytes(of token: Int32) -> [UInt8] {
    vocabulary.indices.contains(Int(token)) && isSpecial[Int(token)] ? [] : bytes(of: token)
  }

  private func bytes(of token: Int32) -> [UInt8] {
    vocabulary.indices.contains(Int(token)) ? vocabulary[Int(token)] : []
  }
}
