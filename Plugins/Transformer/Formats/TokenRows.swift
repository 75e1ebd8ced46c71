/// Says which rows of a model's embedding and head have a token.
///
/// Matrices often have more rows than the tokenizer has tokens: behind the last token, up to a round
/// number, as every published Qwen2.5; or between two. What such a row would predict means nothing,
/// so it has no probability: it is as if its logit were −∞
/// (Documentation/Decisions/0017-rows-without-a-token.md).
package struct TokenRows: Sendable, Equatable {
  /// The number behind the last token's: the number of logits that are computed.
  package let end: Int
  /// The rows before `end` that have no token, ascending.
  package let holes: [Int32]

  package init(end: Int, holes: [Int32] = []) {
    self.end = end
    self.holes = holes
  }

  /// The number of tokens.
  package var count: Int { end - holes.count }

  package func contains(_ token: Int32) -> Bool {
    (0..<end).contains(Int(token)) && !holes.contains(token)
  }
}
