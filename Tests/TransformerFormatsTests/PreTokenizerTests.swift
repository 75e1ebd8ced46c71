import Testing
import TransformerFormats

struct PreTokenizerTests {
  private func pieces(_ text: String, _ preTokenizer: PreTokenizer = .qwen2) -> [String] {
    let bytes = Array(text.utf8)
    var pieces: [String] = []
    var start = 0
    while start < bytes.count {
      let end = preTokenizer.pieceEnd(in: bytes.span, from: start)
      pieces.append(String(decoding: bytes[start..<end], as: UTF8.self))
      start = end
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
    #expect(pieces(text) == expected)
  }

  @Test func `Llama 3 keeps up to three digits together`() {
    #expect(pieces("a1234567 12", .llama3) == ["a", "123", "456", "7", " ", "12"])
  }

  @Test func `the pieces of any text make up the text`() {
    let alphabet = [
      "'", "s", "L", "l", " ", "\n", "\r", "\t", "é", "7", "!", "😀", "\u{301}", "\u{A0}",
    ]
    // Every text of four of them.
    for code in 0..<(14 * 14 * 14 * 14) {
      let text = [1, 14, 196, 2744].map { alphabet[code / $0 % 14] }.joined()
      let joined = pieces(text).joined()
      #expect(joined.utf8.elementsEqual(text.utf8))
    }
  }
}
