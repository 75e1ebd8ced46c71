import Testing
import TransformerFormats

struct PreTokenizerTests {
  private func pieces(_ text: String, _ steps: PreTokenizer.Step...) -> [String] {
    let bytes = Array(text.utf8)
    var pieces: [String] = []
    PreTokenizer(steps).forEachPiece(in: bytes.span) { piece in
      pieces.append(String(decoding: piece.indices.map { piece[$0] }, as: UTF8.self))
    }
    return pieces
  }

  /// Worked by hand from the pattern's alternatives.
  @Test(arguments: [
    ("", []),
    ("Hello world", ["Hello", " world"]),
    ("don't we'LL 'sun", ["don", "'t", " we", "'LL", " '", "sun"]),
    ("'\u{17F}x", ["'\u{17F}", "x"]),
    ("'r", ["'r"]),
    ("'r'", ["'r", "'"]),
    ("x=12;y", ["x", "=", "1", "2", ";y"]),
    ("a  b", ["a", " ", " b"]),
    ("a   ", ["a", "   "]),
    (" \n \n  x", [" \n \n", " ", " x"]),
    ("a \t1", ["a", " ", "\t", "1"]),
    ("\tx\u{A0}y", ["\tx", "\u{A0}y"]),
    ("\nx", ["\n", "x"]),
    ("end.\r\n\nnext", ["end", ".\r\n\n", "next"]),
    ("f(x)) !!", ["f", "(x", "))", " !!"]),
    ("é e\u{301}!", ["é", " e", "\u{301}!"]),
    ("你好,世界", ["你好", ",世界"]),
    ("½Ⅷ٣", ["½", "Ⅷ", "٣"]),
    ("\u{85}\u{2028}\u{200B}", ["\u{85}", "\u{2028}", "\u{200B}"]),
    ("<|im|>", ["<|", "im", "|>"]),
  ])
  func `a text falls into the pattern's pieces`(_ text: String, _ expected: [String]) {
    #expect(pieces(text, .pattern(.qwen2)) == expected)
  }

  @Test func `Llama 3 keeps up to three digits together`() {
    #expect(
      pieces("a1234567 12", .pattern(.llama3)) == ["a", "123", "456", "7", " ", "12"])
  }

  /// Worked by hand from the pattern's alternatives.
  @Test(arguments: [
    ("Hello world", ["Hello", " world"]),
    ("don't we'LL 'sun", ["don", "'t", " we", "'", "LL", " '", "sun"]),
    ("'\u{17F}x", ["'", "\u{17F}x"]),
    ("'r'", ["'", "r", "'"]),
    ("x=12;y 345", ["x", "=", "12", ";", "y", " 345"]),
    ("(x)\tx\u{A0}y", ["(", "x", ")", "\t", "x", "\u{A0}", "y"]),
    ("a  b   ", ["a", " ", " b", "   "]),
    ("end.\r\n\nnext", ["end", ".", "\r\n", "\n", "next"]),
    (" \n \n  x", [" \n \n ", " x"]),
    (" !!\u{301}", [" !!\u{301}"]),
    ("½Ⅷ٣", ["½Ⅷ٣"]),
  ])
  func `a text falls into the pieces of GPT-2's pattern`(_ text: String, _ expected: [String]) {
    #expect(pieces(text, .pattern(.gpt2)) == expected)
  }

  @Test func `a step cuts each piece of the step before it as a text of its own`() {
    // Taken together the two spaces before 12 would be parted: the last would go with the digits.
    #expect(
      pieces("a  12 b", .digits(areSeparate: true), .pattern(.gpt2)) == ["a", "  ", "1", "2", " b"])
    #expect(
      pieces("a  12 b", .digits(areSeparate: false), .pattern(.gpt2)) == ["a", "  ", "12", " b"])
    #expect(pieces("a  12 b", .pattern(.gpt2)) == ["a", " ", " 12", " b"])
    #expect(pieces("a  12 b") == ["a  12 b"])
  }

  @Test func `a space is put before what begins with none`() {
    #expect(pieces("ab c", .prefixSpace, .pattern(.gpt2)) == [" ab", " c"])
    #expect(pieces(" ab", .prefixSpace, .pattern(.gpt2)) == [" ab"])
    #expect(pieces("\tab", .prefixSpace) == [" \tab"])
    #expect(
      pieces("a1", .digits(areSeparate: true), .prefixSpace, .pattern(.gpt2)) == [" a", " 1"])
    #expect(pieces("", .prefixSpace) == [])
  }

  @Test func `the pieces of any text make up the text`() {
    let alphabet = [
      "'", "s", "L", "l", " ", "\n", "\r", "\t", "é", "7", "!", "😀", "\u{301}", "\u{A0}",
    ]
    for pattern in PiecePattern.allCases {
      // Every text of four of them.
      for code in 0..<(14 * 14 * 14 * 14) {
        let text = [1, 14, 196, 2744].map { alphabet[code / $0 % 14] }.joined()
        let joined = pieces(text, .pattern(pattern)).joined()
        #expect(joined.utf8.elementsEqual(text.utf8))
      }
    }
  }
}
