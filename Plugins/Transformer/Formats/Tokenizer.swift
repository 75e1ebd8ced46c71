import FulcrumKernel

/// Turns texts into tokens and back: a BPE tokenizer, on bytes or on characters, as in
/// `tokenizer.json`.
///
/// - Source: the file format and its meaning are those of github.com/huggingface/tokenizers.
package struct Tokenizer: TokenCodec {
  /// Holds two tokens that become one; a merge's rank is its place in the list.
  struct Merge: Sendable, Equatable {
    let left: Int32
    let right: Int32
  }

  /// Says what is written as `tokenizer.json`.
  enum Source: Sendable {
    /// The bytes of the file that was read.
    case file([UInt8])
    /// A document made of what was learned.
    case trained(PiecePattern, [Merge])
  }

  /// The tokens that the file's post-processor puts before a text: Llama 3's begin of text.
  ///
  /// `encode` does not add them: a prompt brings its own markup.
  package let prefixTokens: [Int32]
  /// The bytes of each token, as merges make them; none for a number that no token has.
  let vocabulary: [[UInt8]]
  let added: [AddedToken]
  let source: Source
  let companions: TokenizerCompanions
  private let normalizer: TextNormalizer
  private let preTokenizer: PreTokenizer
  /// The finders for the text as it is, and for the normalized text.
  private let verbatim: AddedTokenFinder
  private let normalized: AddedTokenFinder
  /// The tokens that a piece becomes as a whole, without a look at the merges; `nil`: no piece
  /// does.
  private let wholePieces: MergeableTokens?
  private let bytePairs: BytePairMerges
  private let decoder: TokenDecoder
  private let isSpecial: [Bool]

  /// The number of rows of the model: as many as `vocabularySize` unless the model has more, of which
  /// those without a token decode to nothing, or fewer, so that the last tokens have none.
  package var rowCount: Int

  /// The number behind the last token's; added tokens are tokens too.
  package var vocabularySize: Int { vocabulary.count }

  /// The rows that have a token.
  package var tokenRows: TokenRows {
    let end = min(vocabulary.count, rowCount)
    return TokenRows(
      end: end,
      holes: vocabulary[..<end].indices.filter { vocabulary[$0].isEmpty }.map { Int32($0) })
  }

  /// The tokens that the model has no row for.
  package var tokensWithoutRow: Range<Int32> {
    Int32(min(vocabulary.count, rowCount))..<Int32(vocabulary.count)
  }

  /// Whether all tokens that the model has no row for were added to a finished vocabulary, as a
  /// padding token is before training.
  package var lacksRowsOfAddedTokensOnly: Bool {
    let added = Set(added.map(\.id))
    return tokensWithoutRow.allSatisfy { vocabulary[Int($0)].isEmpty || added.contains($0) }
  }

  /// Returns a token's text, also of one without a row.
  package func text(ofAdded token: Int32) -> String? { added.first { $0.id == token }?.text }

  /// Refuses tokens that the model has no row for.
  ///
  /// - Throws: `.data`, naming the first.
  package func requireRows(of tokens: [Int32]) throws(FulcrumError) {
    let missing = tokensWithoutRow
    guard !missing.isEmpty, let token = tokens.first(where: missing.contains) else { return }
    throw FulcrumError(
      .data,
      "the text has the token '\(text(ofAdded: token) ?? "")', number \(token), but the model has"
        + " rows for 0 to \(rowCount - 1) only",
      hint: "take it out of the text, or give the model a row for it: "
        + "model.resize_token_embeddings(len(tokenizer))")
  }

  init(
    source: Source, normalizer: TextNormalizer, preTokenizer: PreTokenizer, prefixTokens: [Int32],
    vocabulary: [[UInt8]], bytePairs: BytePairMerges, wholePieces: MergeableTokens?,
    decoder: TokenDecoder, added: [AddedToken],
    companions: TokenizerCompanions = TokenizerCompanions()
  ) {
    self.source = source
    self.normalizer = normalizer
    self.preTokenizer = preTokenizer
    self.prefixTokens = prefixTokens
    self.vocabulary = vocabulary
    self.bytePairs = bytePairs
    self.wholePieces = wholePieces
    self.decoder = decoder
    self.added = added
    self.companions = companions
    rowCount = vocabulary.count
    verbatim = AddedTokenFinder(added.filter { !$0.isNormalized }.map { ($0.text, $0) })
    normalized = AddedTokenFinder(
      added.filter(\.isNormalized).map { ($0.soughtText(normalizer), $0) })
    var isSpecial = [Bool](repeating: false, count: vocabulary.count)
    for token in added {
      // The library knows special tokens by their texts when it decodes, so one that a normalizer
      // changes isn't left out.
      isSpecial[Int(token.id)] =
        token.isSpecial && token.soughtText(normalizer).utf8.elementsEqual(token.text.utf8)
    }
    self.isSpecial = isSpecial
  }

  /// Returns the number of an added token, special or not; nil if there is none with that text.
  package func specialToken(_ text: String) -> Int32? {
    // Compared as bytes: Swift takes canonically equivalent texts for equal.
    added.first { $0.text.utf8.elementsEqual(text.utf8) }?.id
  }

  /// Returns the tokens of a text; added tokens written in it become themselves.
  ///
  /// A byte or character that nothing in the vocabulary stands for is left out, as the library does:
  /// SmolLM2's lacks seven control characters and the first bytes of two unassigned planes.
  package func encode(_ text: String) -> [Int32] {
    var tokens: [Int32] = []
    // English text has about four bytes a token.
    tokens.reserveCapacity(text.utf8.count / 3)
    var merger = PieceMerger()
    let bytes = text.utf8Span.span
    var progress = AddedTokenFinder.Progress()
    while let match = verbatim.next(in: bytes, &progress) {
      encodePlain(bytes, match.plain, &merger, into: &tokens)
      tokens.append(match.id)
    }
    encodePlain(bytes, progress.plainStart..<bytes.count, &merger, into: &tokens)
    return tokens
  }

  /// Encodes a part of a text that has no verbatim token.
  private func encodePlain(
    _ text: Span<UInt8>, _ range: Range<Int>, _ merger: inout PieceMerger,
    into tokens: inout [Int32]
  ) {
    let plain = text.extracting(range)
    let isFirst = range.lowerBound == 0
    if let changed = normalizer.normalized(plain) {
      encodeNormalized(changed.span, isFirst, &merger, into: &tokens)
    } else {
      encodeNormalized(plain, isFirst, &merger, into: &tokens)
    }
  }

  private func encodeNormalized(
    _ text: Span<UInt8>, _ isFirst: Bool, _ merger: inout PieceMerger, into tokens: inout [Int32]
  ) {
    var progress = AddedTokenFinder.Progress()
    while let match = normalized.next(in: text, &progress) {
      encodePieces(
        text.extracting(match.plain), isFirst && match.plain.lowerBound == 0, &merger,
        into: &tokens)
      tokens.append(match.id)
    }
    encodePieces(
      text.extracting(progress.plainStart..<text.count), isFirst && progress.plainStart == 0,
      &merger, into: &tokens)
  }

  private func encodePieces(
    _ text: Span<UInt8>, _ isFirst: Bool, _ merger: inout PieceMerger, into tokens: inout [Int32]
  ) {
    // The closure retains what it captures for each piece, so it captures these two alone and not the
    // tokenizer.
    let wholePieces = wholePieces
    let bytePairs = bytePairs
    preTokenizer.forEachPiece(in: text, isFirst: isFirst) { piece in
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
    for (index, token) in tokens.enumerated() {
      guard (0..<rowCount).contains(Int(token)) else {
        throw FulcrumError(
          .data, "token \(index) has the number \(token), expected from 0 to \(rowCount - 1)",
          hint: "the tokens are of another tokenizer")
      }
    }
    return decoder.text(
      of: tokens.lazy.map { Int($0) }.filter { token in
        token < vocabulary.count && !vocabulary[token].isEmpty
          && (keepingSpecialTokens || !isSpecial[token])
      })
  }

  /// Returns what a token adds to a text without special tokens: its bytes, none for a special one.
  package func plainBytes(of token: Int32) -> [UInt8] {
    let token = Int(token)
    guard vocabulary.indices.contains(token), !isSpecial[token] else { return [] }
    return decoder.bytes(of: token)
  }
}
