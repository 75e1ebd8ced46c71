import Foundation
import FulcrumKernel
import JSON
import Testing
import TransformerFormats

/// The fixture has each flag; its ByteLevel puts a space before every piece of plain text.
struct TokenizerAddedTokenTests {
  private let tokenizer: Tokenizer

  init() throws { tokenizer = try Tokenizer(folder: Fixtures.tokenizer + "/flags") }

  /// The text of each token, in brackets if it is an added one.
  private func spelling(_ text: String) throws -> String {
    let added = try Fixtures.json(Fixtures.tokenizer + "/flags/tokenizer.json")["added_tokens"]
    let names = try #require(added?.elements).reduce(into: [Int32: String]()) { names, token in
      names[Int32(token["id"]?.integer ?? -1)] = token["content"]?.text
    }
    var spelling = ""
    var plain: [Int32] = []
    for id in tokenizer.encode(text) + [-1] {
      guard id < 0 || names[id] != nil else {
        plain.append(id)
        continue
      }
      spelling += try tokenizer.decode(plain, keepingSpecialTokens: true)
      plain = []
      if let name = names[id] { spelling += "[\(name)]" }
    }
    return spelling
  }

  @Test(arguments: [
    // Without flags, the longest at the first place: "<right" is a token too.
    ("x<right>y", " x[<right>] y"),
    ("x<right!", " x[<right] !"),
    // The white space before, after, or on both sides goes with the token.
    ("x \u{3000}<left> y", " x[<left>] y"),
    ("x <right> \n y", " x [<right>] y"),
    ("x <both>  y", " x[<both>] y"),
    // Space that one token took is not the other's, but a token that begins with it is found.
    ("<both>  <left>", "[<both>][<left>]"),
    ("<both> <b>x", "[<both>][ <b>] x"),
    // A single word has no letter, mark, digit or underscore beside it.
    ("a word, 'word'", " a [word] , '[word] '"),
    ("words _word wordx word\u{301}", " words _word wordx word\u{301}"),
    ("<left>word<left>", "[<left>][word][<left>]"),
    // A normalized token is found however its accents are written, others only as they are.
    ("e\u{301}t\u{301} \u{E9}t\u{301}", "[e\u{301}t\u{301}] [é] t\u{301}"),
    ("\u{212B} A\u{30A}", "[Å] [Å]"),
  ])
  func `an added token is found as its flags say`(_ text: String, _ expected: String) throws {
    let spelling = try spelling(text)
    #expect(spelling.utf8.elementsEqual(expected.utf8), "\(spelling)")
  }

  @Test func `a word of the vocabulary can be an added token and part of merges`() throws {
    let model = try #require(
      try Fixtures.json(Fixtures.tokenizer + "/flags/tokenizer.json")["model"])
    #expect(model["vocab"]?["er"]?.integer == tokenizer.specialToken("er").map { Int($0) })
    let merges = try #require(model["merges"]?.elements)
    #expect(merges.contains { $0.elements?.contains(.string("er")) == true })
    #expect(try spelling("the her") == "[the] h[er]")
  }

  @Test func `a token before the text is read and not added`() throws {
    let llama = try Tokenizer(folder: Fixtures.tokenizer + "/tiny-llama3")
    #expect(llama.prefixTokens == [500])
    #expect(llama.specialToken("<|begin_of_text|>") == 500)
    #expect(llama.encode("") == [])
    #expect(!llama.encode("a").contains(500))
    #expect(llama.encode("<|begin_of_text|><|eot_id|>") == [500, 503])
    #expect(tokenizer.prefixTokens == [])
  }

  @Test func `bytes that the vocabulary lacks are left out`() throws {
    let small = try Tokenizer(folder: Fixtures.tokenizer + "/tiny-smollm2")
    #expect(small.encode("\u{4}") == [])
    #expect(small.encode("(\u{6}=\u{1D})") == small.encode("(=)"))
    // The bytes of U+40000 are F1 80 80 80, and F1 is not there.
    #expect(
      try small.decode(small.encode("a\u{40000}b"), keepingSpecialTokens: true)
        == "a\u{FFFD}\u{FFFD}\u{FFFD}b")
  }
}
