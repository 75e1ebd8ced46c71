/// Cuts a text at the matches of a pattern: a Split of `tokenizer.json`.
package struct PieceSplit: Sendable, Equatable {
  package enum Finder: Sendable, Equatable {
    case expression(SplitExpression)
    /// A text, which is not empty.
    case literal([UInt8])
  }

  /// What becomes of a match.
  package enum Behavior: String, Sendable, CaseIterable {
    /// It is a piece.
    case isolated = "Isolated"
    /// It is left out.
    case removed = "Removed"
    /// It belongs to the piece before it, unless that is a match too.
    case mergedWithPrevious = "MergedWithPrevious"
    /// It belongs to the piece after it, unless that is a match too.
    case mergedWithNext = "MergedWithNext"
  }

  let finder: Finder
  let behavior: Behavior
  /// Whether what lies between the pattern's matches counts as the matches.
  let isInverted: Bool

  package init(_ finder: Finder, _ behavior: Behavior, isInverted: Bool = false) {
    self.finder = finder
    self.behavior = behavior
    self.isInverted = isInverted
  }

  /// Gives the pieces of a text, none of them empty.
  ///
  /// - Source: `NormalizedString::split` in github.com/huggingface/tokenizers.
  func forEachPiece(
    in text: Span<UInt8>, _ scratch: inout [SplitExpression.Alternative],
    _ body: (Range<Int>, inout [SplitExpression.Alternative]) -> Void
  ) {
    // The piece that a later part may still join, and whether the part before was a match.
    var held: Range<Int>?
    var wasMatch = false
    func take(_ part: Range<Int>, _ isMatch: Bool, _ scratch: inout [SplitExpression.Alternative]) {
      switch behavior {
      case .isolated: body(part, &scratch)
      case .removed: if !isMatch { body(part, &scratch) }
      case .mergedWithPrevious:
        if let piece = held {
          if isMatch && !wasMatch {
            held = piece.lowerBound..<part.upperBound
            break
          }
          body(piece, &scratch)
        }
        held = part
      case .mergedWithNext:
        if let piece = held, wasMatch, !isMatch {
          body(piece.lowerBound..<part.upperBound, &scratch)
          held = nil
          break
        }
        if let piece = held { body(piece, &scratch) }
        held = part
      }
      wasMatch = isMatch
    }
    var start = 0
    while let match = next(in: text, from: start, &scratch) {
      if match.lowerBound > start { take(start..<match.lowerBound, isInverted, &scratch) }
      take(match, !isInverted, &scratch)
      start = match.upperBound
    }
    if start < text.count { take(start..<text.count, isInverted, &scratch) }
    if let held { body(held, &scratch) }
  }

  private func next(
    in text: Span<UInt8>, from start: Int, _ scratch: inout [SplitExpression.Alternative]
  ) -> Range<Int>? {
    switch finder {
    case .expression(let expression): expression.next(in: text, from: start, &scratch)
    case .literal(let literal): ByteSearch.first(literal, in: text, from: start)
    }
  }
}

/// Finds one byte string in another.
enum ByteSearch {
  static func first(_ wanted: [UInt8], in text: Span<UInt8>, from start: Int) -> Range<Int>? {
    var position = start
    while position + wanted.count <= text.count {
      var i = 0
      while i < wanted.count && text[position + i] == wanted[i] { i += 1 }
      if i == wanted.count { return position..<position + i }
      position += 1
    }
    return nil
  }

  /// Returns the text with every occurrence replaced, from the left; `nil` if there is none.
  static func replacing(
    _ wanted: [UInt8], by content: [UInt8], in text: Span<UInt8>
  ) -> [UInt8]? {
    guard var match = first(wanted, in: text, from: 0) else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count + text.count / 4)
    var start = 0
    while true {
      for i in start..<match.lowerBound { bytes.append(text[i]) }
      bytes += content
      start = match.upperBound
      guard let next = first(wanted, in: text, from: start) else { break }
      match = next
    }
    for i in start..<text.count { bytes.append(text[i]) }
    return bytes
  }
}
