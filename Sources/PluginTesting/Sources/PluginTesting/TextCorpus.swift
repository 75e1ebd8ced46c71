import FulcrumKernel

/// Texts that a completion could be and that break what reads it carelessly.
enum TextCorpus {
  /// An ordinary wrong answer.
  static let plain = "I do not know."

  /// A fixed list, with the author's completions cut, doubled and sprinkled besides.
  static func texts(mutating completions: [String]) -> [String] {
    fixed + random + completions.flatMap(mutations)
  }

  private static let fixed: [String] = [
    "", " ", "\n", "\t \r\n\u{0B}\u{0C}\u{A0}\u{2028}", "\0", "a\0b", "\u{FEFF}42",
    "😀", "👩‍👩‍👧‍👦🏳️‍🌈", "e\u{301}\u{301}\u{301}", "\u{202E}24\u{202C}", "\u{FFFD}\u{FFFE}", "１２３", "٤٢",
    "Ǆ ﬁ ß İ ı",
    "\\", "\\\\", "\\u", "\\uD800", "\\xff\\xfe", "\\0", "%00%ff%", "&#0;&lt;&", "$$", "\\n\\",
    "'\"`",
    "null", "NaN", "-inf", "1e999", "-0", "1/0", "0x", "99999999999999999999999999999999",
    "1,000,000", "--1", ".", "-",
    "<answer>", "</answer>", "<answer></answer>", "</think><think>",
    "<answer>42</answer><answer>43</answer>",
    "<think>a</think><answer>(1) Ann is a knight</answer>", "<", ">", "<<<>>>", "<answer",
    "<|im_end|>", "<!-- -->",
    "\\boxed{", "\\boxed{}", "\\boxed{42}", "\\boxed{\\boxed{42}}", "\\boxed}42{",
    "\\boxed{\\frac{1}{0}}", "\\boxed{\\frac}",
    "{", "}", "{}", "[", "{\"a\":", "{\"a\": 42}", "[[[[1]]]]", "((((", "))))", "``` ```",
    "#### 42", "42", "yes", "no",
    String(repeating: "a", count: 100_000), String(repeating: "9", count: 20_000),
    String(repeating: "{", count: 10_000), String(repeating: "<answer>", count: 5_000),
    String(repeating: "\\boxed{", count: 5_000) + "1" + String(repeating: "}", count: 5_000),
    String(repeating: "(", count: 5_000) + String(repeating: ")", count: 5_000),
    String(repeating: " ", count: 20_000), String(repeating: "\n", count: 20_000),
    String(repeating: "👍🏽", count: 5_000), "x" + String(repeating: "\u{301}", count: 5_000),
  ]

  /// Sixteen texts of random scalars: of everything, of controls and of what markup is made of.
  private static let random: [String] = {
    var numbers = SampleNumbers(seed: 20)
    let marks = Array("<>{}[]()\\/|&;%#$\"'`:,.-+*=_^~! \n0123456789abcxyz")
    return (0..<16).map { index in
      var text = ""
      for _ in 0..<(1 << (index / 2)) {
        switch index % 4 {
        case 0, 1: text.append(marks[Int.random(in: marks.indices, using: &numbers)])
        case 2: text.unicodeScalars.append(scalar(in: 0...0xFF, &numbers))
        default: text.unicodeScalars.append(scalar(in: 0...0x10FFFF, &numbers))
        }
      }
      return text
    }
  }()

  private static func scalar(
    in range: ClosedRange<UInt32>, _ numbers: inout SampleNumbers
  ) -> Unicode.Scalar {
    // Surrogates are no scalars.
    Unicode.Scalar(UInt32.random(in: range, using: &numbers)) ?? "\u{FFFD}"
  }

  private static func mutations(of text: String) -> [String] {
    let middle = text.index(text.startIndex, offsetBy: text.count / 2)
    let front = String(text[..<middle])
    let back = String(text[middle...])
    return [
      front, back, text + text, back + front, String(text.reversed()), front + "\0" + back,
      front + "👩‍👩‍👧‍👦" + back, text.uppercased(), " \n" + text + "\n ",
      front + String(repeating: "x", count: 10_000) + back,
    ]
  }
}
