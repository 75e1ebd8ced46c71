import FulcrumKernel
import JSON

extension Tokenizer {
  /// Learns a tokenizer with Qwen2's pre-tokenizer from texts.
  ///
  /// The special tokens come first (ids 0 and on), then the 256 bytes, then merges by frequency.
  /// Special tokens in the texts are taken out before words are counted.
  ///
  /// - Parameters:
  ///   - vocabularySize: special tokens and bytes included. The tokenizer has fewer if the texts
  ///     give no more merges.
  ///   - specialTokens: two or more printable ASCII characters each.
  /// - Throws: `.parameter` if the size leaves no room for the bytes, or if a special token can't
  ///   be one.
  /// - Complexity: about O(text + merges · occurrences of the merged pair).
  package static func train(
    texts: [String], vocabularySize: Int, specialTokens: [String]
  ) throws(FulcrumError) -> Tokenizer {
    for (index, token) in specialTokens.enumerated() {
      // Such a text spells itself in the byte alphabet, so it can't be taken for another token.
      guard token.utf8.count >= 2, token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
        throw FulcrumError(
          .parameter,
          "a special token must be two or more printable ASCII characters, got '\(token)'")
      }
      guard !specialTokens[..<index].contains(token) else {
        throw FulcrumError(.parameter, "the special token '\(token)' is given twice")
      }
    }
    let smallest = specialTokens.count + 256
    guard vocabularySize >= smallest, vocabularySize <= Int(Int32.max) else {
      throw FulcrumError(
        .parameter,
        "a vocabulary of 256 bytes and \(specialTokens.count) special tokens has at least"
          + " \(smallest) tokens, got \(vocabularySize)")
    }
    let pattern = PiecePattern.qwen2
    let added = specialTokens.enumerated().map {
      AddedToken(text: $0.element, id: Int32($0.offset), isSpecial: true, isInModel: true)
    }
    var words = WordCounter(pattern: pattern, added: added)
    for text in texts { words.add(text) }
    var trainer = BytePairTrainer(
      words: words.table, counts: words.counts,
      vocabulary: specialTokens.map { Array($0.utf8) } + ByteAlphabet.ordered.map { [$0] })
    trainer.run(vocabularySize: vocabularySize)
    let vocabulary = trainer.vocabulary
    let mergeable = try MergeableTokens(vocabulary, spelling: .byteAlphabet, added: added)
    return Tokenizer(
      source: .trained(pattern, trainer.merges), normalizer: TextNormalizer([]),
      preTokenizer: PreTokenizer([.pattern(pattern)]), prefixTokens: [], vocabulary: vocabulary,
      bytePairs: try BytePairMerges(
        trainer.merges, symbols: .bytes(in: mergeable), vocabulary: vocabulary,
        spelling: .byteAlphabet, tokens: mergeable),
      wholePieces: nil, decoder: TokenDecoder(.byteLevel, texts: vocabulary), added: added)
  }
}

/// Counts the pieces of texts.
private struct WordCounter {
  private let pattern: PiecePattern
  private let added: AddedTokenFinder
  private(set) var table = ByteStringTable()
  private(set) var counts: [Int] = []

  init(pattern: PiecePattern, added: [AddedToken]) {
    self.pattern = pattern
    self.added = AddedTokenFinder(added.map { ($0.text, $0) })
  }

  mutating func add(_ text: String) {
    let bytes = text.utf8Span.span
    var progress = AddedTokenFinder.Progress()
    while let match = added.next(in: bytes, &progress) {
      addPlain(bytes.extracting(match.plain))
    }
    addPlain(bytes.extracting(progress.plainStart..<bytes.count))
  }

  private mutating func addPlain(_ text: Span<UInt8>) {
    var start = 0
    while start < text.count {
      let end = pattern.pieceEnd(in: text, from: start)
      let index = table.intern(text.extracting(start..<end))
      if index == counts.count { counts.append(0) }
      counts[index] += 1
      start = end
    }
  }
}
