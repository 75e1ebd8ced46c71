/// Cuts tokens where no bracket encloses them.
enum Splitter {
  /// What may stand between elements.
  enum Joint: Sendable { case comma, semicolon, and, or }

  /// Returns the parts between commas, semicolons and the words *and*, *or*, and which of these there
  /// are.
  ///
  /// - Parameter places: those of commas that don't count.
  static func elements(of tokens: ArraySlice<MathToken>, but places: Set<Int> = []) -> (
    parts: [ArraySlice<MathToken>], joints: Set<Joint>
  ) {
    var elements: [ArraySlice<MathToken>] = []
    var joints: Set<Joint> = []
    var start = tokens.startIndex
    var depth = 0
    var place = tokens.startIndex
    while place < tokens.endIndex {
      if depth == 0, !places.contains(place), let (joint, width) = joint(tokens[place...]) {
        joints.insert(joint)
        // `1, 2, and 3`: the comma and the word are one.
        if start < place || elements.isEmpty { elements.append(tokens[start..<place]) }
        place += width
        start = place
        continue
      }
      depth += tokens[place].nesting
      place += 1
    }
    return (elements + [tokens[start...]], joints)
  }

  /// Returns the joint here, and the number of its tokens.
  private static func joint(_ tokens: ArraySlice<MathToken>) -> (Joint, width: Int)? {
    guard let first = tokens.first else { return nil }
    if first.isComma { return (.comma, 1) }
    if first == .semicolon { return (.semicolon, 1) }
    guard first == .textOpen else { return nil }
    for (word, joint) in [("and", Joint.and), ("or", .or)] {
      let expected = word.unicodeScalars.map { MathToken.character($0) } + [.textClose]
      if tokens.dropFirst().starts(with: expected) { return (joint, expected.count + 1) }
    }
    return nil
  }

  /// Returns the places of commas that are thousands separators: no white space is beside them, all
  /// groups behind the first have three digits, and no further comma makes a list of it, as in
  /// `1,200,5`.
  static func thousands(in tokens: ArraySlice<MathToken>) -> Set<Int> {
    var places: Set<Int> = []
    var depth = 0
    var place = tokens.startIndex
    while place < tokens.endIndex {
      guard depth == 0, tokens[place].digit != nil else {
        depth += tokens[place].nesting
        place += 1
        continue
      }
      let start = place
      var commas: [Int] = []
      var width = 0
      while place < tokens.endIndex, tokens[place].digit != nil || tokens[place] == .comma {
        if tokens[place] == .comma {
          // The groups before: one to three digits, then three.
          guard commas.isEmpty ? (1...3).contains(width) : width == 3 else { width = -1; break }
          commas.append(place)
          width = 0
        } else {
          width += 1
        }
        place += 1
      }
      if width == 3, !commas.isEmpty, tokens[start].digit != 0, mayBegin(start, tokens) {
        places.formUnion(commas)
      }
      while place < tokens.endIndex, tokens[place].digit != nil || tokens[place] == .comma {
        place += 1
      }
    }
    return places
  }

  /// Tells whether a number may begin at a place: not in `x_1,200`, `\sqrt2,300` and `1.5,200`.
  private static func mayBegin(_ place: Int, _ tokens: ArraySlice<MathToken>) -> Bool {
    guard place > tokens.startIndex else { return true }
    let before = tokens[place - 1]
    return MathNotation.relations[before] != nil || UnitNames.currency(before) != nil
      || [
        .character("+"), .character("-"), .command("pm"), .separator, .semicolon, .textClose,
      ].contains(before)
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
