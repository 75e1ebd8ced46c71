/// Cuts a text into the pieces within which tokens are merged, in one or more steps.
package struct PreTokenizer: Sendable, Equatable {
  /// Each step cuts the pieces of the step before it as if each were a text of its own.
  package enum Step: Sendable, Equatable {
    /// A match of the pattern is a piece; the patterns leave nothing between matches.
    case pattern(PiecePattern)
    /// Digits (`\p{N}`) apart from the rest, each on its own or in runs.
    case digits(areSeparate: Bool)
    /// Cuts nothing: a piece that doesn't begin with a space gets one.
    case prefixSpace
  }

  /// The steps in their order; without any the whole text is one piece.
  package let steps: [Step]

  /// Makes a pre-tokenizer of these steps.
  package init(_ steps: [Step]) { self.steps = steps }

  /// Gives the pieces of a text from its start to its end; none is empty.
  ///
  /// - Parameter text: valid UTF-8.
  package func forEachPiece(in text: Span<UInt8>, _ body: (Span<UInt8>) -> Void) {
    if !text.isEmpty { cut(text, fromStep: 0, body) }
  }

  private func cut(_ text: Span<UInt8>, fromStep index: Int, _ body: (Span<UInt8>) -> Void) {
    guard index < steps.count else { return body(text) }
    var start = 0
    switch steps[index] {
    case .pattern(let pattern):
      while start < text.count {
        let end = pattern.pieceEnd(in: text, from: start)
        cut(text.extracting(start..<end), fromStep: index + 1, body)
        start = end
      }
    case .digits(let areSeparate):
      let scanner = PieceScanner()
      while start < text.count {
        let end = scanner.digitsPieceEnd(in: text, from: start, areSeparate: areSeparate)
        cut(text.extracting(start..<end), fromStep: index + 1, body)
        start = end
      }
    case .prefixSpace:
      if text[0] == 0x20 { return cut(text, fromStep: index + 1, body) }
      let spaced = [0x20] + text.indices.map { text[$0] }
      cut(spaced.span, fromStep: index + 1, body)
    }
  }
}
