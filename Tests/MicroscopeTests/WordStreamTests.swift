import Microscope
import Testing

/// Words of a text, as they are counted.
@Suite struct WordStreamTests {
  /// Counts each of some words or phrases in a text.
  private func count(_ phrases: [String], in text: String) throws -> (words: Int, found: [Int]) {
    let yaml = phrases.enumerated().map { "C\($0): [\"\($1)\"]\n" }.joined()
    return WordCounter(try WordLists(text: yaml, source: "w.yaml")).count(text)
  }

  @Test(arguments: [
    (" … — 「」 ", []),
    ("If Ann's 2nd claim DON’T hold", ["if", "ann's", "2nd", "claim", "don't", "hold"]),
    // Quotation marks are no part of a word, whichever they are.
    ("'so' knights' ‘thus’ 'tis", ["so", "knights", "thus", "tis"]),
    ("x_1=3.14, \\frac{a}{b}", ["x", "1", "3", "14", "frac", "a", "b"]),
    ("step-by-turn", ["step", "by", "turn"]),
    ("так что Ёлка", ["так", "что", "ёлка"]),
    // One run of a script without spaces.
    ("所以，如果", ["所以", "如果"]),
    // Devanagari's vowels are marks; an emoji's selector is one too, but on no letter.
    ("हिन्दी ❤\u{FE0F} ok", ["हिन्दी", "ok"]),
  ]) func `words are runs of letters, digits and apostrophes within`(
    text: String, expected: [String]
  ) throws {
    let (words, found) = try count(expected + ["nowhere"], in: text)
    #expect(words == expected.count)
    #expect(found == expected.map { _ in 1 } + [0])
  }

  @Test func `an accented letter is one, however it is written`() throws {
    #expect(try count(["déjà", "deja"], in: "DÉJÀ de\u{301}ja\u{300}") == (2, [2, 0]))
    #expect(try count(["de\u{301}ja\u{300}"], in: "déjà deja") == (2, [1]))
  }

  @Test func `phrases go over white space and hyphens, and nothing else`() throws {
    let letters = ["a", "b", "c", "d", "e", "f", "g", "h", "i"]
    let pairs = zip(letters, letters.dropFirst()).map { $0 + " " + $1 }
    let found = try count(pairs, in: "a b-c\n d, e. f 'g h' i").found
    #expect(found == [1, 1, 1, 0, 0, 0, 1, 0])
  }
}
