import Microscope
import Testing

@Suite struct WordStreamTests {
  private func words(_ text: String) -> [String] { WordStream(text).map(\.text) }

  @Test(arguments: [
    ("", []),
    (" … — 「」 ", []),
    ("If Ann's 2nd claim DON’T hold", ["if", "ann's", "2nd", "claim", "don't", "hold"]),
    // Quotation marks are no part of a word, whichever they are.
    ("'so' knights' ‘thus’ 'tis", ["so", "knights", "thus", "tis"]),
    ("x_1=3.14, \\frac{a}{b}", ["x", "1", "3", "14", "frac", "a", "b"]),
    ("step-by-step", ["step", "by", "step"]),
    ("так что Ёлка", ["так", "что", "ёлка"]),
    // One run of a script without spaces.
    ("所以，如果", ["所以", "如果"]),
    // Devanagari's vowels are marks; an emoji's selector is one too, but on no letter.
    ("हिन्दी ❤\u{FE0F} ok", ["हिन्दी", "ok"]),
  ]) func `words are runs of letters, digits and apostrophes within`(
    text: String, expected: [String]
  ) { #expect(words(text) == expected) }

  @Test func `an accented letter is one, however it is written`() {
    #expect(words("DÉJÀ") == words("de\u{301}ja\u{300}"))
    #expect(words("déjà") != words("deja"))
  }

  @Test func `phrases go over white space and hyphens, and nothing else`() {
    let joined = WordStream("a b-c\n d, e. f 'g h' i").map(\.continues)
    #expect(joined == [false, true, true, true, false, false, false, true, false])
  }
}
