import FulcrumKernel
import JSON

/// Finds the tokens of the model's vocabulary by their bytes, which merges name and make.
struct MergeableTokens: Sendable {
  private var table = ByteStringTable()
  private var ids: [Int32] = []

  /// - Parameters:
  ///   - vocabulary: the bytes of each token by its number; none where there is no token.
  ///   - added: the added tokens, of which those are left out that the model doesn't list, or that
  ///     can't be spelt.
  /// - Throws: `.checkpoint` if two tokens have the same bytes.
  init(
    _ vocabulary: [[UInt8]], spelling: TokenSpelling, added: [AddedToken]
  ) throws(FulcrumError) {
    var isLeftOut = [Bool](repeating: false, count: vocabulary.count)
    for token in added where !token.isInModel || spelling.bytes(of: token.text) == nil {
      isLeftOut[Int(token.id)] = true
    }
    for (id, bytes) in vocabulary.enumerated() where !isLeftOut[id] && !bytes.isEmpty {
      guard table.intern(bytes.span) == ids.count else {
        throw TokenizerFault.damaged(
          "the token '\(spelling.spell(bytes))' is in the vocabulary twice")
      }
      ids.append(Int32(id))
    }
  }

  func id(of bytes: Span<UInt8>) -> Int32? { table.find(bytes).map { ids[$0] } }
}
