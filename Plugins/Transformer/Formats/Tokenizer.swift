import Foundation
import FulcrumKernel

/// A byte-level BPE tokenizer, as in `tokenizer.json`.
///
/// - Source: the file format and its meaning are those of github.com/huggingface/tokenizers.
package struct Tokenizer: Sendable {
  /// Two tokens that become one; its rank is its place in the list.
  struct Merge: Sendable, Equatable {
    let left: Int32
    let right: Int32
  }

  let preTokenizer: PreTokenizer
  /// Whether text is brought into Unicode's composed form (NFC) first.
  let isComposing: Bool
  /// The bytes that each token stands for.
  let vocabulary: [[UInt8]]
  let merges: [Merge]
  let special: SpecialTokens
  /// The token of each byte.
  private let byteTokens: [Int32]
  private let pairs: PairTable
  private let isSpecial: [Bool]

  /// Tokens, special ones included; ids are `0..<vocabularySize`.
  package var vocabularySize: Int { vocabulary.count }

  /// - Throws: `.checkpoint` if the parts don't fit each other.
  init(
    preTokenizer: PreTokenizer, isComposing: Bool, vocabulary: [[UInt8]], merges: [Merge],
    special: SpecialTokens
  ) throws(FulcrumError) {
    var ids = ByteStringTable()
    var idOf: [Int32] = []
    var isSpecial = [Bool](repeating: false, count: vocabulary.count)
    var isAdded = isSpecial
    for token in special.tokens {
      isSpecial[Int(token.id)] = token.isSpecial
      isAdded[Int(token.id)] = true
    }
    for (id, bytes) in vocabulary.enumerated() where !isAdded[id] {
      guard ids.intern(bytes.span) == idOf.count else {
        throw FulcrumError(
          .checkpoint, "the token '\(ByteAlphabet.spell(bytes))' is in the vocabulary twice")
      }
      idOf.append(Int32(id))
    }
    var byteTokens: [Int32] = []
    for byte in UInt8.min...UInt8.max {
      guard let index = ids.find([byte].span) else {
        throw FulcrumError(
          .checkpoint,
          "the byte 0x\(String(byte, radix: 16)), '\(ByteAlphabet.spell([byte]))', is not in the"
            + " vocabulary")
      }
      byteTokens.append(idOf[index])
    }
    var pairs = PairTable(capacity: merges.count)
    for (rank, merge) in merges.enumerated() {
      let merged = vocabulary[Int(merge.left)] + vocabulary[Int(merge.right)]
      guard let index = ids.find(merged.span) else {
        throw FulcrumError(
          .checkpoint,
          "merge \(rank) makes '\(ByteAlphabet.spell(merged))', which is not in the vocabulary")
      }
      guard pairs.add(merge.left, merge.right, rank: rank, token: idOf[index]) else {
        throw FulcrumError(
          .checkpoint, "merge \(rank), making '\(ByteAlphabet.spell(merged))', is repeated")
      }
    }
    self.preTokenizer = preTokenizer
    self.isComposing = isComposing
    self.vocabulary = vocabulary
    self.merges = merges
    self.special = special
    self.byteTokens = byteTokens
    self.pairs = pairs
    self.isSpecial = isSpecial
  }

  /// The number of a special token; nil if there is none with that text.
  package func specialToken(_ text: String) -> Int32? {
    // Compared as bytes: Swift takes canonically equivalent texts for equal.
    special.tokens.first { $0.text.utf8.elementsEqual(text.utf8) }?.id
  }

  /// The tokens of a text; special tokens written in it become themselves, and none are added.
  package func encode(_ text: String) -> [Int32] {
    var tokens: [Int32] = []
    // English text has about four bytes a token.
    tokens.reserveCapacity(text.utf8.count / 3)
    var merger = PieceMerger()
    let bytes = text.utf8Span.span
    var start = 0
    while let found = special.next(in: bytes, from: start) {
      encodePlain(bytes.extracting(start..<found.range.lowerBound), &merger, into: &tokens)
      tokens.append(found.id)
      start = found.range.upperBound
    }
    encodePlain(bytes.extracting(start..<bytes.count), &merger, into: &tokens)
    return tokens
  }

  private func encodePlain(
    _ text: Span<UInt8>, _ merger: inout PieceMerger, into tokens: inout [Int32]
  ) {
    guard isComposing, !text.indices.allSatisfy({ text[$0] < 0x80 }) else {
      return encodeComposed(text, &merger, into: &tokens)
    }
    let plain = text.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    // Decomposed first: composing alone leaves a Hangul syllable and its final consonant apart
    // (U+AC00 U+11A8) and the Tibetan vowels U+0F73, U+0F75 and U+0F81 out of order.
    let composed = plain.decomposedStringWithCanonicalMapping.precomposedStringWithCanonicalMapping
    encodeComposed(composed.utf8Span.span, &merger, into: &tokens)
  }

  private func encodeComposed(
    _ text: Span<UInt8>, _ merger: inout PieceMerger, into tokens: inout [Int32]
  ) {
    var start = 0
    while start < text.count {
      let end = preTokenizer.pieceEnd(in: text, from: start)
      merger.encode(
        text.extracting(start..<end), byteTokens: byteTokens, merges: pairs, into: &tokens)
      start = end
    }
  }

  /// The text of tokens. Bytes that aren't UTF-8 become U+FFFD.
  ///
  /// - Throws: `.data` for a number that is no token.
  package func decode(
    _ tokens: [Int32], keepingSpecialTokens: Bool
  ) throws(FulcrumError) -> String {
    var bytes: [UInt8] = []
    for (index, token) in tokens.enumerated() {
      guard vocabulary.indices.contains(Int(token)) else {
        throw FulcrumError(
          .data,
          "token \(index) has the number \(token), expected from 0 to \(vocabularySize - 1)",
          hint: "the tokens are of another tokenizer, or the model's vocabulary is larger")
      }
      if isSpecial[Int(token)] && !keepingSpecialTokens { continue }
      bytes += vocabulary[Int(token)]
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
