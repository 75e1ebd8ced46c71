/// Reads an answer's LaTeX into tokens.
///
/// It leaves out `$`, sizes and styles, spaces (but for `MathToken.space`), and braces around one
/// token, so `\dfrac{1}{2}` and `\frac12` give the same tokens.
///
/// - Complexity: O(n), without recursion.
struct MathTokenizer {
  private let scalars: [Unicode.Scalar]
  private var place = 0
  private(set) var tokens: [MathToken] = []
  /// The open groups: where each begins in `tokens`, and the gap before it.
  private var groups: [(start: Int, gap: Gap)] = []
  /// The space since the last token, which is not a token by itself.
  private var gap = Gap.none

  private enum Gap {
    case none
    /// `\!`
    case negative
    /// `\,`
    case thin
    case wide
  }

  static func tokens(of text: String) -> [MathToken] {
    var tokenizer = MathTokenizer(scalars: Array(text.unicodeScalars))
    tokenizer.run()
    return tokenizer.tokens
  }

  private init(scalars: [Unicode.Scalar]) { self.scalars = scalars }

  private mutating func run() {
    while place < scalars.count {
      let scalar = scalars[place]
      place += 1
      switch scalar {
      case "\\": readCommand()
      case "{": openGroup(.open)
      case "}": closeGroup()
      // Two formulas are no one number: `$1$,$200$`.
      case "$", "~": gap = .wide
      case let space where space.properties.isWhitespace: gap = .wide
      default: append(MathNotation.sameCharacter[scalar] ?? .character(scalar))
      }
    }
  }

  private mutating func readCommand() {
    let name = commandName()
    if name == "," {
      gap = .thin
    } else if name == "!" {
      gap = .negative
    } else if MathNotation.spaces.contains(name) || ["(", ")", "[", "]"].contains(name) {
      gap = .wide
    } else if MathNotation.silent.contains(name) {
      // `\right.` stands for a missing bracket.
      if name == "left" || name == "right", place < scalars.count, scalars[place] == "." {
        place += 1
      }
    } else if MathNotation.text.contains(name), let brace = nextBrace() {
      place = brace + 1
      openGroup(.textOpen)
    } else if MathNotation.hiddenArgument.contains(name), let brace = nextBrace() {
      place = brace
      while place < scalars.count, scalars[place] != "}" { place += 1 }
      place = min(place + 1, scalars.count)
    } else if name == "begin" || name == "end", let brace = nextBrace(),
      let end = scalars[brace...].prefix(20).firstIndex(of: "}")
    {
      place = end + 1
      append(
        .command("\(name) " + String(String.UnicodeScalarView(scalars[(brace + 1)..<end]))))
    } else {
      append(MathNotation.sameCommand[name] ?? .command(name))
    }
  }

  /// Reads the name at `place` and moves behind it: letters, or one other scalar; empty at the end.
  private mutating func commandName() -> String {
    let start = place
    while place < scalars.count, Self.isLetter(scalars[place]) { place += 1 }
    if place == start, place < scalars.count { place += 1 }
    return String(String.UnicodeScalarView(scalars[start..<place]))
  }

  /// Returns the place of an opening brace that follows here, perhaps after spaces.
  private func nextBrace() -> Int? {
    var brace = place
    while brace < scalars.count, scalars[brace] == " " { brace += 1 }
    return brace < scalars.count && scalars[brace] == "{" ? brace : nil
  }

  private mutating func openGroup(_ token: MathToken) {
    let gap = gap
    append(token)
    groups.append((tokens.count - 1, gap))
  }

  /// Closes the innermost group. A brace that closes nothing is left out.
  private mutating func closeGroup() {
    guard let group = groups.popLast() else { return }
    gap = .none
    if tokens[group.start] == .textOpen {
      tokens.append(.textClose)
    } else if tokens.count == group.start + 2 {
      let content = tokens.removeLast()
      tokens.removeLast()
      gap = group.gap
      append(content.isComma ? .thousands : content)
    } else {
      tokens.append(.close)
    }
  }

  private var isInText: Bool { groups.last.map { tokens[$0.start] == .textOpen } ?? false }

  private mutating func append(_ token: MathToken) {
    var token = token
    if token == .comma, gap == .wide || gap == .thin { token = .separator }
    if let last = tokens.last {
      let joinsDigits = last.digit != nil && token.digit != nil
      switch gap {
      case .wide where last == .comma, .thin where last == .comma:
        tokens[tokens.count - 1] = .separator
      case .wide where joinsDigits: tokens.append(.space)
      case .thin where joinsDigits: tokens.append(.thin)
      case .wide, .thin:
        if last.letter != nil, token.letter != nil, isInText { tokens.append(.gap) }
      case .negative where last == .comma: tokens[tokens.count - 1] = .thousands
      default: break
      }
    }
    gap = .none
    tokens.append(token)
    joinLast()
  }

  /// Makes one token of two: of `^\circ` a degree, of `\not=` and `\not\in` their negations; and of
  /// three points one.
  private mutating func joinLast() {
    let point = MathToken.character(".")
    // Place by place: a slice would copy all tokens at each step.
    if tokens.count >= 3, tokens.indices.suffix(3).allSatisfy({ tokens[$0] == point }) {
      tokens.removeLast(3)
      tokens.append(.dots)
      return
    }
    guard let last = tokens.last, let before = tokens.dropLast().last else { return }
    let joined: MathToken? =
      switch (before, last) {
      case (.character("^"), .command("circ")): .command("degree")
      case (.command("not"), .character("=")): .command("ne")
      case (.command("not"), .command("in")): .command("notin")
      default: nil
      }
    guard let joined else { return }
    tokens.removeLast(2)
    tokens.append(joined)
  }

  private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
    "a"..."z" ~= scalar || "A"..."Z" ~= scalar
  }
}
