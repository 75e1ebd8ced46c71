/// Cuts a text into the pieces within which tokens are merged, in one or more steps.
package struct PreTokenizer: Sendable, Equatable {
  /// Each step cuts the pieces of the step before it as if each were a text of its own.
  package enum Step: Sendable, Equatable {
    /// A match of the pattern is a piece; the patterns leave nothing between matches.
    case pattern(PiecePattern)
    /// The matches of any other pattern, and what lies between them.
    case split(PieceSplit)
    /// Digits (`\p{N}`) apart from the rest, each on its own or in runs.
    case digits(areSeparate: Bool)
    /// Cuts nothing: a piece that doesn't begin with a space gets one.
    case prefixSpace
    /// Spaces become signs, before which the text is cut.
    case metaspace(Metaspace)
  }

  /// The steps in their order; without any the whole text is one piece.
  package let steps: [Step]

  /// Makes a pre-tokenizer of these steps.
  package init(_ steps: [Step]) { self.steps = steps }

  /// Gives the pieces of a text from its start to its end; none is empty.
  ///
  /// - Parameters:
  ///   - text: valid UTF-8.
  ///   - isFirst: whether no other text comes before this one.
  package func forEachPiece(
    in text: Span<UInt8>, isFirst: Bool = true, _ body: (Span<UInt8>) -> Void
  ) {
    var scratch: [SplitExpression.Alternative] = []
    if !text.isEmpty { cut(text, isFirst, fromStep: 0, &scratch, body) }
  }

  private func cut(
    _ text: Span<UInt8>, _ isFirst: Bool, fromStep index: Int,
    _ scratch: inout [SplitExpression.Alternative], _ body: (Span<UInt8>) -> Void
  ) {
    guard index < steps.count else { return body(text) }
    var start = 0
    switch steps[index] {
    case .pattern(let pattern):
      while start < text.count {
        let end = pattern.pieceEnd(in: text, from: start)
        cut(
          text.extracting(start..<end), isFirst && start == 0, fromStep: index + 1, &scratch, body)
        start = end
      }
    case .split(let split):
      cut(text, isFirst, by: split, fromStep: index + 1, &scratch, body)
    case .digits(let areSeparate):
      let scanner = PieceScanner()
      while start < text.count {
        let end = scanner.digitsPieceEnd(in: text, from: start, areSeparate: areSeparate)
        cut(
          text.extracting(start..<end), isFirst && start == 0, fromStep: index + 1, &scratch, body)
        start = end
      }
    case .prefixSpace:
      if text[0] == 0x20 { return cut(text, isFirst, fromStep: index + 1, &scratch, body) }
      let spaced = [0x20] + text.indices.map { text[$0] }
      cut(spaced.span, isFirst, fromStep: index + 1, &scratch, body)
    case .metaspace(let metaspace):
      let marked = metaspace.marked(text, isFirst: isFirst)
      if metaspace.splits {
        let split = PieceSplit(.literal(metaspace.sign), .mergedWithNext)
        cut(marked.span, isFirst, by: split, fromStep: index + 1, &scratch, body)
      } else {
        cut(marked.span, isFirst, fromStep: index + 1, &scratch, body)
      }
    }
  }

  private func cut(
    _ text: Span<UInt8>, _ isFirst: Bool, by split: PieceSplit, fromStep index: Int,
    _ scratch: inout [SplitExpression.Alternative], _ body: (Span<UInt8>) -> Void
  ) {
    split.forEachPiece(in: text, &scratch) { piece, scratch in
      cut(
        text.extracting(piece), isFirst && piece.lowerBound == 0, fromStep: index, &scratch, body)
    }
  }
}
