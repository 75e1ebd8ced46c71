import Foundation
import FulcrumKernel
import JSON
import Testing
import TransformerFormats

struct TokenizerTests {
  private let qwen: Tokenizer
  private let llama: Tokenizer

  init() throws {
    qwen = try Tokenizer(folder: Fixtures.tokenizer + "/tiny-qwen2")
    llama = try Tokenizer(folder: Fixtures.tokenizer + "/tiny-llama")
  }

  private func check(_ lines: [JSONValue]) throws {
    for (name, tokenizer) in [("tiny-qwen2", qwen), ("tiny-llama", llama)] {
      for line in lines {
        let text = try #require(line["text"]?.text)
        let ids = try #require(line[name]?.elements).map { Int32($0.integer ?? -1) }
        #expect(tokenizer.encode(text) == ids, "\(name): \(text.debugDescription)")
        let decoded = try tokenizer.decode(ids, keepingSpecialTokens: true)
        if name == "tiny-llama" {
          #expect(decoded.utf8.elementsEqual(text.utf8))
        } else {
          // It composes: the text comes back composed, and has the same tokens then.
          #expect(tokenizer.encode(decoded) == ids)
        }
      }
    }
  }

  @Test func `hard lines have the tokens of the tokenizers library`() throws {
    let path = Fixtures.tokenizer + "/hard-lines.jsonl"
    let lines = try Fixtures.jsonLines(Data(contentsOf: URL(fileURLWithPath: path)), at: path)
    try #require(lines.count > 150)
    try check(lines)
  }

  @Test(arguments: ["tiny-gpt2", "tiny-smollm2", "tiny-llama3", "flags"])
  func `lines for each pattern and flag have the tokens of the tokenizers library`(
    _ name: String
  ) throws {
    let tokenizer = try Tokenizer(folder: Fixtures.tokenizer + "/" + name)
    let path = Fixtures.tokenizer + "/pattern-lines.jsonl"
    let lines = try Fixtures.jsonLines(Data(contentsOf: URL(fileURLWithPath: path)), at: path)
    try #require(lines.count > 150)
    for line in lines {
      let text = try #require(line["text"]?.text)
      let ids = try #require(line[name]?.elements).map { Int32($0.integer ?? -1) }
      #expect(tokenizer.encode(text) == ids, "\(text.debugDescription)")
      // Absent where it is the text.
      let decoded = line[name + " decoded"]?.text ?? text
      #expect(
        try tokenizer.decode(ids, keepingSpecialTokens: true).utf8.elementsEqual(decoded.utf8),
        "\(text.debugDescription)")
    }
  }

  static let sharedCases = Fixtures.sharedModels + "/tokenizer-cases.jsonl.gz"

  static func sharedLines() throws -> [JSONValue] {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/gzip")
    process.arguments = ["-dc", sharedCases]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let bytes = try #require(try pipe.fileHandleForReading.readToEnd())
    process.waitUntilExit()
    return try Fixtures.jsonLines(bytes, at: sharedCases)
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: sharedCases)))
  func `all shared cases have the tokens of the tokenizers library`() throws {
    let lines = try Self.sharedLines()
    try #require(lines.count == 3000)
    try check(lines)
  }

  @Test func `special tokens in a text become themselves`() throws {
    #expect(llama.specialToken("<|im_end|>") == 2)
    #expect(llama.specialToken("<|im_en|>") == nil)
    #expect(llama.vocabularySize == 512)
    let ids = llama.encode("<|im_start|>a<|im_end|><|im_end|")
    // "a" is the 65th of the alphabet after three special tokens: 3 + 64 = 67.
    #expect(ids.prefix(3) == [1, 67, 2])
    #expect(!ids.dropFirst(3).contains(2))
    #expect(try llama.decode(ids, keepingSpecialTokens: false) == "a<|im_end|")
    #expect(try llama.decode(ids, keepingSpecialTokens: true) == "<|im_start|>a<|im_end|><|im_end|")
    #expect(llama.encode("") == [])
    #expect(try llama.decode([], keepingSpecialTokens: true) == "")
  }

  @Test func `bytes that are not UTF-8 decode to the replacement character`() throws {
    // Taken apart, the three bytes of the euro sign are three tokens.
    let euro = llama.encode("€")
    try #require(euro.count == 3)
    #expect(try llama.decode(Array(euro[..<2]), keepingSpecialTokens: true) == "\u{FFFD}")
    #expect(
      try llama.decode([euro[0], 67, euro[1], euro[2]], keepingSpecialTokens: true)
        == "\u{FFFD}a\u{FFFD}\u{FFFD}")
    // A special token that is left out doesn't part the bytes beside it.
    #expect(
      try llama.decode([euro[0], 2, euro[1], euro[2]], keepingSpecialTokens: false) == "€")
  }

  @Test(arguments: [Int32(512), -1])
  func `a number that is no token is refused`(_ token: Int32) throws {
    #expect(
      try fault { try llama.decode([5, token], keepingSpecialTokens: true) }.line
        == "[data] token 1 has the number \(token), expected from 0 to 511")
  }

  @Test func `text is composed only where the file says so`() throws {
    #expect(qwen.encode("e\u{301}") == qwen.encode("\u{E9}"))
    #expect(llama.encode("e\u{301}") != llama.encode("\u{E9}"))
    // A syllable with its final consonant apart, and vowels that composing must bring into order.
    #expect(qwen.encode("\u{AC00}\u{11A8}") == qwen.encode("\u{AC01}"))
    #expect(
      qwen.encode("\u{F73}\u{F73}") == llama.encode("\u{F71}\u{F71}\u{F72}\u{F72}"))
  }

  @Test func `a long run is merged in time that grows little faster than its length`() throws {
    let run = String(repeating: "ab", count: 500_000)
    let clock = ContinuousClock()
    var tokens: [Int32] = []
    let time = clock.measure { tokens = llama.encode(run) }
    #expect(try llama.decode(tokens, keepingSpecialTokens: true) == run)
    // It takes a fraction of a second; a quadratic merge of a million bytes would take minutes.
    #expect(time < .seconds(20))
  }
}
