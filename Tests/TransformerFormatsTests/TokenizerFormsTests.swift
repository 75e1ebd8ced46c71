import Foundation
import FulcrumKernel
import JSON
import Testing
import TransformerFormats

/// Tokenizers in the forms of published ones. What the library gives was kept as digests by
/// Tests/Fixtures/tokenizer/make-forms.py; Tests/compare-tokenizers.py finds a text that differs.
struct TokenizerFormsTests {
  static let names = [
    "llama2", "mistral", "gemma", "sentencepiece", "metaspace", "deepseek-v2", "deepseek-v3",
    "o200k", "tekken",
  ]
  private static let summary = Fixtures.tokenizer + "/forms.json"

  private func form(_ name: String) throws -> Tokenizer {
    try Tokenizer(folder: Fixtures.tokenizer + "/forms/" + name)
  }

  private func decoded(_ tokenizer: Tokenizer, _ ids: [Int32]) throws -> [String] {
    try [true, false].map { try tokenizer.decode(ids, keepingSpecialTokens: $0) }
  }

  private func results(_ tokenizer: Tokenizer, _ text: String) throws -> String {
    let ids = tokenizer.encode(text)
    return Digest.of(ids, try decoded(tokenizer, ids))
  }

  @Test(arguments: names)
  func `lines have the tokens of the library and come back as the library's text`(
    _ name: String
  ) throws {
    let tokenizer = try form(name)
    let path = Fixtures.tokenizer + "/form-lines.jsonl"
    let lines = try Fixtures.jsonLines(Data(contentsOf: URL(fileURLWithPath: path)), at: path)
    try #require(lines.count > 200)
    for line in lines {
      let text = try #require(line["text"]?.text)
      let got = try results(tokenizer, text)
      #expect(got == line[name]?.text, "\(text.debugDescription): \(tokenizer.encode(text))")
    }
  }

  @Test(
    .enabled(if: FileManager.default.fileExists(atPath: TokenizerTests.sharedCases)),
    arguments: names)
  func `all shared cases have the tokens of the library`(_ name: String) throws {
    let tokenizer = try form(name)
    let lines = try TokenizerTests.sharedLines()
    try #require(lines.count == 3000)
    let all = try lines.map { try results(tokenizer, #require($0["text"]?.text)) }
    let expected = try Fixtures.json(Self.summary)["cases"]?[name]?.text
    #expect(Digest.of([], all) == expected)
  }

  @Test(arguments: names)
  func `any tokens decode to the library's text, UTF-8 or not`(_ name: String) throws {
    let tokenizer = try form(name)
    var state: UInt32 = 1
    var texts: [String] = []
    for _ in 0..<300 {
      var ids: [Int32] = []
      while true {
        state = state &* 1_664_525 &+ 1_013_904_223
        if ids.count == 12 || !ids.isEmpty && (state >> 8) % 7 == 0 { break }
        ids.append(Int32((state >> 12) % UInt32(tokenizer.vocabularySize)))
      }
      texts += try decoded(tokenizer, ids)
    }
    #expect(
      try Digest.of([], texts) == Fixtures.json(Self.summary)["random tokens"]?[name]?.text)
  }

  @Test(arguments: NormalizationForm.allCases)
  func `every scalar has the library's normal form`(_ form: NormalizationForm) throws {
    var texts: [String] = []
    for scalar in Digest.scalars() {
      var text = ""
      text.unicodeScalars.append(scalar)
      text.unicodeScalars.append("\u{301}")
      texts.append(Composition.normalized(text, form))
    }
    #expect(
      try Digest.of([], texts) == Fixtures.json(Self.summary)["normal forms"]?[form.rawValue]?.text)
  }

  @Test(arguments: [
    "o200k", "tekken", "deepseek-words", "deepseek-letters", "deepseek-signs", "cl100k-possessive",
  ])
  func `every scalar falls into the library's pieces`(_ name: String) throws {
    let summary = try Fixtures.json(Self.summary)
    let pattern = try #require(summary["pieces"]?[name]?["pattern"]?.text)
    // Later scalars have no class in the Unicode of Python, which chose the scalars.
    let major = try #require(
      summary["unicode"]?.text?.split(separator: ".").first.flatMap { Int($0) })
    let expression = try #require(SplitExpression(pattern))
    let cutter = PreTokenizer([.split(PieceSplit(.expression(expression), .isolated))])
    var pieces: [String] = []
    for scalar in Digest.scalars()
    where scalar.properties.generalCategory != .unassigned
      && scalar.properties.age.map({ $0.major <= major }) ?? false
    {
      let c = String(scalar)
      let text = Array("a\(c)B \(c)1\(c)\(c)!\(c)\n'\(c) \(c)  \(c)2'll".utf8)
      cutter.forEachPiece(in: text.span) { piece in
        pieces.append(String(decoding: piece.indices.map { piece[$0] }, as: UTF8.self))
      }
    }
    #expect(Digest.of([], pieces) == summary["pieces"]?[name]?["digest"]?.text)
  }

  @Test func `of a byte-fallback character only whole bytes show`() throws {
    let llama = try form("llama2")
    let ids = llama.encode("a\u{1F9E0}")
    // "▁a", then four bytes.
    try #require(ids.count == 5 || ids.count == 6)
    let whole = try llama.decode(ids, keepingSpecialTokens: true)
    #expect(whole == "a\u{1F9E0}")
    // While it is streamed, each byte that has come is one replacement character, and no text
    // before it changes.
    for count in 1..<4 {
      #expect(
        try llama.decode(ids.dropLast(4 - count), keepingSpecialTokens: true)
          == "a" + String(repeating: "\u{FFFD}", count: count))
    }
  }

  @Test func `a long text in one piece is merged in time that grows little faster than its length`()
    throws
  {
    let llama = try form("llama2")
    let text = String(repeating: "the knight says ", count: 60_000)
    var tokens: [Int32] = []
    let time = ContinuousClock().measure { tokens = llama.encode(text) }
    #expect(try llama.decode(tokens, keepingSpecialTokens: true) == text)
    // It takes a fraction of a second; a quadratic merge would take hours.
    #expect(time < .seconds(20))
  }
}

/// Digests as make-forms.py makes them.
enum Digest {
  /// FNV-1a of 64 bits over ids, four bytes each, and texts with a NUL between.
  static func of(_ ids: [Int32], _ texts: [String]) -> String {
    var value: UInt64 = 0xCBF2_9CE4_8422_2325
    func add(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
    for id in ids {
      for shift in [0, 8, 16, 24] { add(UInt8(truncatingIfNeeded: id >> Int32(shift))) }
    }
    for (index, text) in texts.enumerated() {
      if index > 0 { add(0) }
      for byte in text.utf8 { add(byte) }
    }
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// Most scalars: all of the planes with letters, and one of 64 beyond.
  static func scalars() -> [Unicode.Scalar] {
    (UInt32(1)..<0x110000).filter { $0 < 0x20000 || $0 % 64 == 0 }.compactMap {
      Unicode.Scalar($0)
    }
  }
}
