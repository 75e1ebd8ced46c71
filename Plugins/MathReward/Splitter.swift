/// Cuts tokens where no bracket encloses them.
enum Splitter {
  /// Returns the parts between commas, semicolons and the words *and*, *or*.
  static func elements(of tokens: ArraySlice<MathToken>) -> [ArraySlice<MathToken>] {
    var elements: [ArraySlice<MathToken>] = []
    var start = tokens.startIndex
    var depth = 0
    var place = tokens.startIndex
    while place < tokens.endIndex {
      let width = depth == 0 ? separator(tokens[place...]) : 0
      if width > 0 {
        // `1, 2, and 3`: the comma and the word are one.
        if start < place || elements.isEmpty { elements.append(tokens[start..<place]) }
        place += width
        start = place
        continue
      }
      depth += tokens[place].nesting
      place += 1
    }
    return elements + [tokens[start...]]
  }

  /// Returns the number of tokens of the separator here; 0: there is none.
  private static func separator(_ tokens: ArraySlice<MathToken>) -> Int {
    guard let first = tokens.first else { return 0 }
    if first.isComma { return 1 }
    guard first == .textOpen else { return 0 }
    for word in ["and", "or"] {
      let expected = word.unicodeScalars.map { MathToken.character($0) } + [.textClose]
      if tokens.dropFirst().starts(with: expected) { return expected.count + 1 }
    }
    return 0
  }

  /// Returns the parts between tokens of a kind, and those tokens.
  static func parts(of tokens: ArraySlice<MathToken>, at isCut: (MathToken) -> Bool) -> (
    parts: [ArraySlice<MathToken>], cuts: [MathToken]
  ) {
    var parts: [ArraySlice<MathToken>] = []
    var cuts: [MathToken] = []
    var start = tokens.startIndex
    var depth = 0
    for place in tokens.indices {
      depth += tokens[place].nesting
      if depth == 0, isCut(tokens[place]) {
        parts.append(tokens[start..<place])
        cuts.append(tokens[place])
        start = place + 1
      }
    }
    return (parts + [tokens[start...]], cuts)
  }

  /// Tells whether the first token opens what the last one closes.
  static func closes(_ tokens: ArraySlice<MathToken>) -> Bool {
    var depth = 0
    for place in tokens.indices {
      depth += tokens[place].nesting
      if depth <= 0 { return place == tokens.endIndex - 1 && tokens.count > 1 }
    }
    return false
  }
}
