import FulcrumKernel

/// Holds what a piece of text begins as, and the merges by their pairs.
struct BytePairMerges: Sendable {
  let symbols: PieceSymbols
  let pairs: PairTable

  /// - Throws: `.checkpoint` if the vocabulary lacks the result of a merge, or if a merge is
  ///   repeated.
  init(
    _ merges: [Tokenizer.Merge], symbols: PieceSymbols, vocabulary: [[UInt8]],
    spelling: TokenSpelling, tokens: MergeableTokens
  ) throws(FulcrumError) {
    self.symbols = symbols
    var pairs = PairTable(capacity: merges.count)
    var merged: [UInt8] = []
    for (rank, merge) in merges.enumerated() {
      merged.removeAll(keepingCapacity: true)
      merged += vocabulary[Int(merge.left)]
      merged += vocabulary[Int(merge.right)]
      guard let token = tokens.id(of: merged.span) else {
        throw TokenizerFault.damaged(
          "merge \(rank) makes '\(spelling.spell(merged))', which is not in the vocabulary")
      }
      guard pairs.add(merge.left, merge.right, rank: rank, token: token) else {
        throw TokenizerFault.damaged(
          "merge \(rank), making '\(spelling.spell(merged))', is repeated")
      }
    }
    self.pairs = pairs
  }
}

extension PieceSymbols {
  /// Returns the tokens of single bytes.
  ///
  /// - Throws: `.checkpoint` if the vocabulary lacks a printable byte.
  static func bytes(in tokens: MergeableTokens) throws(FulcrumError) -> PieceSymbols {
    let byteTokens = (UInt8.min...UInt8.max).map { tokens.id(of: [$0].span) ?? -1 }
    // Real vocabularies lack bytes that their training texts didn't have. A training text that
    // lacks a character of plain English is unlikely, so such a vocabulary is taken for damaged.
    for byte in UInt8(0x20)...0x7E where byteTokens[Int(byte)] < 0 {
      throw TokenizerFault.damaged(
        "the byte 0x\(String(byte, radix: 16)), '\(ByteAlphabet.spell([byte]))', is not in the"
          + " vocabulary")
    }
    return .bytes(byteTokens)
  }
}
