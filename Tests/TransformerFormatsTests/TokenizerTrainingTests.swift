import Foundation
import FulcrumKernel
import JSON
import Testing
import TransformerFormats

struct TokenizerTrainingTests {
  private let folder: TemporaryFolder
  private static let special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]

  init() throws { folder = try TemporaryFolder() }

  /// The merges as the written file spells them.
  private func merges(_ tokenizer: Tokenizer) throws -> [[String]] {
    try tokenizer.write(
      toFolder: folder.path, endToken: "<|im_end|>", padToken: "<|endoftext|>", contextLength: 8)
    let values = try #require(
      try Fixtures.json(folder.path + "/tokenizer.json")["model"]?["merges"]?.elements)
    return values.map { ($0.elements ?? []).compactMap(\.text) }
  }

  private func train(_ texts: [String], _ size: Int) throws -> Tokenizer {
    try Tokenizer.train(texts: texts, vocabularySize: size, specialTokens: Self.special)
  }

  @Test func `the most frequent pair is merged first, and of equals the one with lower numbers`()
    throws
  {
    // Words: "low" once, " low" twice, " lower" once. Pairs: lo 4, ow 4, Ġl 3, we 1, er 1.
    // lo and ow are equal, l comes before o: lo. Then lo+w 4, Ġ+lo 3: low. Then Ġ+low 3.
    // Then Ġlow+e and e+r once each, and e's number is lower than Ġlow's. Then Ġlow+er.
    let tokenizer = try train(["low low low lower"], 1000)
    #expect(
      try merges(tokenizer)
        == [["l", "o"], ["lo", "w"], ["Ġ", "low"], ["e", "r"], ["Ġlow", "er"]])
    #expect(tokenizer.vocabularySize == 3 + 256 + 5)
    // Merge k has the number 259 + k; s and t are letters 83 and 84 of the alphabet, from 3 on.
    #expect(tokenizer.encode("low lower") == [260, 263])
    #expect(tokenizer.encode("slowt") == [85, 260, 86])
  }

  @Test func `a run of one letter is counted with overlap and merged from the left`() throws {
    // "aaaaa": aa 4 times; then aa+aa and aa+a once each, where a (67) is lower than aa (259) but
    // both pairs begin with aa, so the second token decides.
    #expect(try merges(train(["aaaaa"], 1000)) == [["a", "a"], ["aa", "a"], ["aa", "aaa"]])
  }

  @Test func `the vocabulary stops at the size asked for`() throws {
    let tokenizer = try train(["low low low lower"], 261)
    #expect(tokenizer.vocabularySize == 261)
    #expect(try merges(tokenizer) == [["l", "o"], ["lo", "w"]])
    #expect(try train([], 5000).vocabularySize == 259)
  }

  @Test func `special tokens in the texts are no words`() throws {
    #expect(
      try merges(train(["<|im_start|>ab<|im_end|>", "<|im_start|>"], 1000)) == [["a", "b"]])
  }

  @Test func `the merges equal those of the tokenizers library`() throws {
    let fixture = try Fixtures.json(Fixtures.tokenizer + "/trained.json")
    let texts = try #require(fixture["texts"]?.elements).compactMap(\.text)
    let expected = try #require(fixture["merges"]?.elements)
      .map { ($0.elements ?? []).compactMap(\.text) }
    try #require(expected.count == 441)
    let tokenizer = try train(texts, 700)
    #expect(tokenizer.vocabularySize == fixture["vocabulary_size"]?.integer)
    #expect(try merges(tokenizer) == expected)
  }

  @Test func `what was trained, written and read gives the same tokens`() throws {
    let fixture = try Fixtures.json(Fixtures.tokenizer + "/trained.json")
    let texts = try #require(fixture["texts"]?.elements).compactMap(\.text)
    let tokenizer = try train(texts, 600)
    try tokenizer.write(
      toFolder: folder.path, endToken: "<|im_end|>", padToken: "<|endoftext|>", contextLength: 99)
    let read = try Tokenizer(folder: folder.path)
    for text in texts {
      let tokens = tokenizer.encode(text)
      #expect(read.encode(text) == tokens)
      let decoded = try tokenizer.decode(tokens, keepingSpecialTokens: true)
      #expect(decoded.utf8.elementsEqual(text.utf8))
    }
    let config = try Fixtures.json(folder.path + "/tokenizer_config.json")
    #expect(config["eos_token"]?.text == "<|im_end|>")
    #expect(config["pad_token"]?.text == "<|endoftext|>")
    #expect(config["model_max_length"]?.integer == 99)
    #expect(config["chat_template"]?.text == Tokenizer.chatTemplate)
  }

  @Test func `what can't be trained is refused`() throws {
    #expect(
      try fault { try train([], 258) }.line
        == "[parameter] a vocabulary of 256 bytes and 3 special tokens has at least 259 tokens,"
        + " got 258")
    for token in ["x", "", "é!", "a b"] {
      #expect(
        try fault {
          try Tokenizer.train(texts: [], vocabularySize: 300, specialTokens: [token])
        }.line
          == "[parameter] a special token must be two or more printable ASCII characters, got"
          + " '\(token)'")
    }
    #expect(
      try fault {
        try Tokenizer.train(texts: [], vocabularySize: 300, specialTokens: ["ab", "ab"])
      }.line == "[parameter] the special token 'ab' is given twice")
    let error = try fault {
      try train([], 300).write(
        toFolder: folder.path, endToken: "<|im_ends|>", padToken: "<|endoftext|>", contextLength: 8)
    }
    #expect(error.message == "'<|im_ends|>' is not a special token of this tokenizer")
    #expect(error.hint == "did you mean '<|im_end|>'?")
  }
}
