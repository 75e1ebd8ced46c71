import Foundation
import Testing
import TransformerFormats

struct TokenizerCompositionTests {
  /// Worked by hand from Unicode's data.
  @Test(arguments: [
    ("abc \u{E9}", "abc \u{E9}"),
    ("e\u{301}", "\u{E9}"),
    // Two marks, one after the other: u, diaeresis, macron.
    ("u\u{308}\u{304}", "\u{1D6}"),
    // The dot below (class 220) comes before the acute (230) and joins first.
    ("a\u{301}\u{323}", "\u{1EA1}\u{301}"),
    // A mark of the same class stands between.
    ("a\u{305}\u{301}", "a\u{305}\u{301}"),
    // One of another class doesn't.
    ("a\u{31B}\u{301}", "\u{E1}\u{31B}"),
    ("\u{301}e", "\u{301}e"),
    // The Angstrom sign, the Ohm sign and a Greek question mark are other letters.
    ("\u{212B}\u{2126}\u{37E}", "\u{C5}\u{3A9};"),
    // Excluded from composing: Devanagari qa, and a mark that is two.
    ("\u{958}\u{344}", "\u{915}\u{93C}\u{308}\u{301}"),
    ("\u{F73}\u{F73}", "\u{F71}\u{F71}\u{F72}\u{F72}"),
    // Hangul: lead and vowel, with a final consonant, and a vowel no syllable has.
    ("\u{1100}\u{1161}", "\u{AC00}"),
    ("\u{1100}\u{1161}\u{11A8}", "\u{AC01}"),
    ("\u{AC00}\u{11A8}", "\u{AC01}"),
    ("\u{AC01}\u{11A8}", "\u{AC01}\u{11A8}"),
    ("\u{AC00}\u{11A7}", "\u{AC00}\u{11A7}"),
    ("\u{1103}\u{1176}", "\u{1103}\u{1176}"),
    ("\u{11099}\u{110BA}", "\u{1109A}"),
    // Of Unicode 10 and 13: unknown to the library, so they neither move nor join.
    ("a\u{369}\u{D3C}", "a\u{369}\u{D3C}"),
    ("\u{11935}\u{11930}", "\u{11935}\u{11930}"),
  ])
  func `a text is composed`(_ text: String, _ expected: String) {
    #expect(Composition.normalized(text, .composed).utf8.elementsEqual(expected.utf8))
  }

  @Test func `composing keeps what the text decomposes to and is done in one go`() {
    let marks: [UInt32] = [0x301, 0x308, 0x323, 0x327, 0x345, 0x93C, 0xF72, 0x3099, 0x1161, 0x11A8]
    for value in Array(UInt32(0xA0)..<0x3200) + Array(0xF900..<0xFB50) + Array(0xAC00..<0xAC40) {
      guard let scalar = Unicode.Scalar(value), let age = scalar.properties.age, age.major <= 9
      else { continue }
      var text = ""
      text.unicodeScalars.append(scalar)
      for offset in [value, value / 3] {
        guard let mark = Unicode.Scalar(marks[Int(offset) % marks.count]) else { continue }
        text.unicodeScalars.append(mark)
        let composed = Composition.normalized(text, .composed)
        // Foundation's decomposing is an independent implementation.
        #expect(
          composed.decomposedStringWithCanonicalMapping.utf8.elementsEqual(
            text.decomposedStringWithCanonicalMapping.utf8), "U+\(String(value, radix: 16))")
        #expect(Composition.normalized(composed, .composed).utf8.elementsEqual(composed.utf8))
      }
    }
  }

  @Test func `a long run of marks is ordered in time that grows little faster than its length`() {
    // Classes 230 and 220 by turns: every second mark passes all of the first ones.
    let text = "x" + String(repeating: "\u{30D}\u{323}", count: 300_000)
    var composed = ""
    let time = ContinuousClock().measure { composed = Composition.normalized(text, .composed) }
    let expected =
      "x" + String(repeating: "\u{323}", count: 300_000)
      + String(repeating: "\u{30D}", count: 300_000)
    #expect(composed.utf8.elementsEqual(expected.utf8))
    // A fraction of a second; a move for each mark took minutes.
    #expect(time < .seconds(20))
  }
}
