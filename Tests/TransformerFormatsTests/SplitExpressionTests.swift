import Testing
import TransformerFormats

struct SplitExpressionTests {
  private func pieces(
    _ text: String, _ pattern: String, _ behavior: PieceSplit.Behavior = .isolated,
    isInverted: Bool = false
  ) throws -> [String] {
    let expression = try #require(SplitExpression(pattern), "\(pattern) isn't understood")
    return pieces(text, PieceSplit(.expression(expression), behavior, isInverted: isInverted))
  }

  private func pieces(_ text: String, _ split: PieceSplit) -> [String] {
    let bytes = Array(text.utf8)
    var pieces: [String] = []
    PreTokenizer([.split(split)]).forEachPiece(in: bytes.span) { piece in
      pieces.append(String(decoding: piece.indices.map { piece[$0] }, as: UTF8.self))
    }
    return pieces
  }

  /// Each as `tokenizers` 0.23.3 cuts it.
  @Test(arguments: [
    (#"a$"#, "a\na b a", ["a", "\na b ", "a"]),
    (#"\s+$"#, "a  \n b  ", ["a", "  ", "\n b", "  "]),
    (#"a?+a"#, "aa", ["aa"]),
    (#"a?a"#, "aa", ["aa"]),
    (#"\d+"#, "1٣½Ⅷ", ["1٣", "½Ⅷ"]),
    (#"\D+"#, "1a٣", ["1", "a", "٣"]),
    (#"(?i:'s)"#, "'ſ'S's", ["'ſ", "'S", "'s"]),
    (#"[a-]"#, "a-b", ["a", "-", "b"]),
    (#"[^a-c\s]+"#, "xad e", ["x", "a", "d", " ", "e"]),
    (#"\P{L}+"#, "a1ぁbA-h/あ", ["a", "1", "ぁbA", "-", "h", "/", "あ"]),
    (#"\u3042"#, "ああx", ["あ", "あ", "x"]),
    (#"a{2,3}"#, "aaaaa", ["aaa", "aa"]),
    (#"(a|ab)c"#, "abcac", ["abc", "ac"]),
    (#"(?:a|b)?c(?=d)"#, "acdbcc", ["ac", "dbcc"]),
    (#"x+y|x"#, "xxxyxx", ["xxxy", "x", "x"]),
    (#"\p{Lu}\p{Ll}*"#, "aBcDE", ["a", "Bc", "D", "E"]),
  ])
  func `a text falls into matches and what lies between`(
    _ pattern: String, _ text: String, _ expected: [String]
  ) throws {
    #expect(try pieces(text, pattern) == expected)
  }

  /// By backtracking alone the first would take some 10^17 steps.
  @Test func `no expression takes time without measure`() throws {
    let run = String(repeating: "a", count: 1500)
    let pattern = "a*a*a*a*a*a*b"
    #expect(try pieces(run, pattern) == [run])
    #expect(try pieces(run + "b", pattern) == [run + "b"])
    #expect(try pieces(run + "xaab", pattern) == [run + "x", "aab"])
    // The first of several ways still comes first.
    #expect(try pieces(run + "xaac", "a*a*b|a+a*x|a+c") == [run + "x", "aac"])
    #expect(try pieces(run + "cd", "(a*a*b|a*ac|a+cd)") == [run + "c", "d"])
  }

  @Test(arguments: [
    "", "a*", "(a", "a)", "(?<=a)b", "(?<n>a)", "[a&&b]", "[a[b]]", "a*?", "a??", "{2}", "a{2}+",
    "(a)*",
    #"\w"#, #"\1"#, #"\p{Han}"#, #"\p{^L}"#, ".", "^a", "(?i:ss)", "(?i:é)", "[b-a]", "[]",
    "(?!ab)c",
    "(?i)a", "a{3,2}", #"\x41"#, "a|", "(?i:[^a])",
    String(repeating: "(", count: 40) + "a" + String(repeating: ")", count: 40),
    String(repeating: "a", count: 5000),
  ])
  func `other syntax is not taken for something else`(_ pattern: String) {
    #expect(SplitExpression(pattern) == nil)
  }

  @Test func `matches go with the piece that the behaviour says`() throws {
    let text = "ab,c,,d,"
    #expect(try pieces(text, ",", .isolated) == ["ab", ",", "c", ",", ",", "d", ","])
    #expect(try pieces(text, ",", .removed) == ["ab", "c", "d"])
    #expect(try pieces(text, ",", .removed, isInverted: true) == [",", ",", ",", ","])
    #expect(try pieces(text, ",", .mergedWithPrevious) == ["ab,", "c,", ",", "d,"])
    #expect(try pieces(text, ",", .mergedWithNext) == ["ab", ",c", ",", ",d", ","])
    #expect(
      pieces("a  b c ", PieceSplit(.literal([0x20]), .mergedWithPrevious)) == [
        "a ", " ", "b ", "c ",
      ])
    #expect(pieces("", PieceSplit(.literal([0x20]), .isolated)) == [])
  }

  @Test func `white space that isn't at a line's end is passed in time that grows with its length`()
    throws
  {
    let text = String(repeating: " ", count: 300_000) + "x"
    let expression = try #require(SplitExpression(#"\s+$"#))
    var found: Range<Int>?
    var scratch: [SplitExpression.Alternative] = []
    let bytes = Array(text.utf8)
    let time = ContinuousClock().measure {
      found = expression.next(in: bytes.span, from: 0, &scratch)
    }
    #expect(found == nil)
    // Milliseconds; a try from every place would take minutes.
    #expect(time < .seconds(5))
  }

  @Test func `a sign goes before a text's first piece, or each, or none`() {
    func pieces(_ text: String, _ metaspace: Metaspace, isFirst: Bool) -> [String] {
      let bytes = Array(text.utf8)
      var pieces: [String] = []
      PreTokenizer([.metaspace(metaspace)]).forEachPiece(in: bytes.span, isFirst: isFirst) {
        piece in
        pieces.append(String(decoding: piece.indices.map { piece[$0] }, as: UTF8.self))
      }
      return pieces
    }
    #expect(pieces("a b", Metaspace(prepends: .first), isFirst: true) == ["▁a", "▁b"])
    #expect(pieces("a b", Metaspace(prepends: .first), isFirst: false) == ["a", "▁b"])
    #expect(pieces("a b", Metaspace(prepends: .always), isFirst: false) == ["▁a", "▁b"])
    #expect(pieces("a  b", Metaspace(prepends: .never), isFirst: true) == ["a", "▁", "▁b"])
    #expect(pieces(" a", Metaspace(prepends: .always), isFirst: true) == ["▁a"])
    #expect(pieces("▁a", Metaspace(prepends: .always, splits: false), isFirst: true) == ["▁a"])
  }
}
