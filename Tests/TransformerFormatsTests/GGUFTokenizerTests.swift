import Foundation
import FulcrumKernel
import JSON
import Testing
import TransformerFormats

struct GGUFTokenizerTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// The two JSON files of the tiny model after a change.
  private func convert(
    _ change: (inout GGUFBuilder) -> Void
  ) throws -> (tokenizer: JSONValue, configuration: JSONValue) {
    var builder = GGUFBuilder.tiny()
    change(&builder)
    let file = try folder.write(builder.file(), "f.gguf")
    try GGUFImport.convert(file: file, toFolder: folder.path, precision: .f32)
    return (
      try Fixtures.json(folder.path + "/tokenizer.json"),
      try Fixtures.json(folder.path + "/tokenizer_config.json")
    )
  }

  private func pretty(_ text: String) throws -> JSONValue {
    try JSONReader.parse(Array(text.utf8), at: "test")
  }

  @Test func `tokens merges and special tokens are written as the library reads them`() throws {
    let (tokenizer, configuration) = try convert {
      $0.set("tokenizer.ggml.token_type", .int32s([1, 5, 4, 3]))
      $0.set("tokenizer.ggml.bos_token_id", .uint32(2))
      $0.set("tokenizer.chat_template", .text("{{ messages }}\n"))
    }
    #expect(
      try tokenizer["model"]
        == pretty(
          #"{"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,"#
            + #""end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false,"#
            + #""ignore_merges": false, "vocab": {"a": 0, "b": 1, "ab": 2, "<end>": 3},"#
            + #""merges": [["a", "b"]]}"#))
    // Type 4 is an added token that isn't special, type 3 one that is, type 5 stays a plain token.
    func added(_ id: Int, _ text: String, special: Bool) -> String {
      #"{"id": \#(id), "content": "\#(text)", "single_word": false, "lstrip": false,"#
        + #""rstrip": false, "normalized": false, "special": \#(special)}"#
    }
    #expect(
      try tokenizer["added_tokens"]
        == pretty(
          "[" + added(2, "ab", special: false) + "," + added(3, "<end>", special: true) + "]"))
    #expect(
      try configuration
        == pretty(
          #"{"bos_token": "ab", "clean_up_tokenization_spaces": false, "eos_token": "<end>","#
            + #""model_max_length": 64, "pad_token": "<end>","#
            + #""tokenizer_class": "PreTrainedTokenizerFast","#
            + #""chat_template": "{{ messages }}\n"}"#))
  }

  @Test func `rows that llama.cpp names by their number have no token`() throws {
    let (tokenizer, _) = try convert {
      $0.set("llama.vocab_size", .uint32(6))
      $0.set(
        "tokenizer.ggml.tokens", .texts(["a", "[PAD1]", "b", "ab", "<end>", "[PAD5]"]))
      // Only a token that nothing uses is left out, whatever its name.
      $0.set("tokenizer.ggml.token_type", .int32s([1, 5, 1, 1, 3, 1]))
      $0.set("tokenizer.ggml.eos_token_id", .uint32(4))
      $0.change("token_embd.weight") {
        $0.shape = [6, 4]
        $0.bytes = GGUFBuilder.floats((0..<24).map(Float.init))
      }
    }
    #expect(
      try tokenizer["model"]?["vocab"]
        == pretty(#"{"a": 0, "b": 2, "ab": 3, "<end>": 4, "[PAD5]": 5}"#))
    #expect(try Fixtures.json(folder.path + "/config.json")["vocab_size"] == .integer(6))
  }

  private static let pattern = (
    before: #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"#,
    after: #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
  )

  @Test func `each known pre-tokenizer has its steps`() throws {
    func byteLevel(_ pattern: Bool) -> String {
      #"{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": "#
        + "\(pattern)}"
    }
    func split(_ digits: String) -> String {
      let regex = JSONWriter.compact(
        .string(Self.pattern.before + digits + Self.pattern.after))
      return #"{"type": "Sequence", "pretokenizers": [{"type": "Split", "pattern": {"Regex": "#
        + regex + #"}, "behavior": "Isolated", "invert": false}, "# + byteLevel(false) + "]}"
    }
    let steps = [
      "gpt-2": byteLevel(true), "llama-bpe": split(#"\p{N}{1,3}"#), "qwen2": split(#"\p{N}"#),
      "smollm": #"{"type": "Sequence", "pretokenizers": ["#
        + #"{"type": "Digits", "individual_digits": true}, "# + byteLevel(true) + "]}",
    ]
    for (name, expected) in steps {
      let (tokenizer, _) = try convert {
        $0.set("tokenizer.ggml.pre", .text(name))
        $0.set("tokenizer.ggml.add_bos_token", .bool(false))
      }
      #expect(try tokenizer["pre_tokenizer"] == pretty(expected), "\(name)")
      #expect(
        tokenizer["normalizer"]
          == (name == "qwen2" ? .object([JSONMember("type", .string("NFC"))]) : .null))
      // Llama 3's is the one that takes a piece whole if it is a token.
      #expect(tokenizer["model"]?["ignore_merges"] == .bool(name == "llama-bpe"))
      #expect(tokenizer["post_processor"] == .null)
    }
  }

  @Test func `a text begins and ends with the tokens that the file asks for`() throws {
    let (tokenizer, _) = try convert {
      $0.set("tokenizer.ggml.pre", .text("llama-bpe"))
      $0.set("tokenizer.ggml.bos_token_id", .uint32(3))
    }
    let begin = #"{"SpecialToken": {"id": "<end>", "type_id": 0}}"#
    let sequence = #"{"Sequence": {"id": "A", "type_id": 0}}"#
    #expect(try tokenizer["post_processor"]?["single"] == pretty("[\(begin), \(sequence)]"))
    #expect(
      try tokenizer["post_processor"]?["special_tokens"]
        == pretty(#"{"<end>": {"id": "<end>", "ids": [3], "tokens": ["<end>"]}}"#))
    let (other, _) = try convert { $0.set("tokenizer.ggml.add_eos_token", .bool(true)) }
    #expect(try other["post_processor"]?["single"] == pretty("[\(sequence), \(begin)]"))
  }

  @Test(
    arguments: [
      (
        "tokenizer.ggml.model", .text("llama"),
        "[unsupported] f.gguf: 'tokenizer.ggml.model' is \"llama\", expected \"gpt2\""
      ),
      (
        "tokenizer.ggml.pre", .text("smolm"),
        "[unsupported] f.gguf: 'tokenizer.ggml.pre' is \"smolm\", which is not known here"
      ),
      (
        "tokenizer.ggml.pre", .text("llama-bpe"),
        "[checkpoint] f.gguf: there is no 'tokenizer.ggml.bos_token_id' in the metadata"
      ),
      (
        "tokenizer.ggml.tokens", .texts([]),
        "[checkpoint] f.gguf: 'tokenizer.ggml.tokens' is empty"
      ),
      (
        "tokenizer.ggml.tokens", .int32s([1]),
        "[checkpoint] f.gguf: 'tokenizer.ggml.tokens' must be an array of texts, got an array of 1"
          + " int32 values"
      ),
      (
        "tokenizer.ggml.tokens", .texts(["a", "b", "ab", "a"]),
        "[checkpoint] f.gguf: token 3, \"a\", is in the vocabulary twice"
      ),
      (
        "tokenizer.ggml.tokens", .texts(["a", "", "ab", "c"]),
        "[checkpoint] f.gguf: token 1 is empty"
      ),
      (
        "tokenizer.ggml.token_type", .int32s([1, 1, 1]),
        "[checkpoint] f.gguf: 'tokenizer.ggml.token_type' must be an array of 4 integers, got an"
          + " array of 3 int32 values"
      ),
      (
        "tokenizer.ggml.token_type", .int32s([1, 0, 1, 3]),
        "[checkpoint] f.gguf: element 1 of 'tokenizer.ggml.token_type' is 0, expected from 1 to 6"
      ),
      (
        "tokenizer.ggml.token_type", .int32s([1, 6, 1, 3]),
        "[unsupported] f.gguf: token 1, \"b\", has the type 6 of a byte, which no token of"
          + " byte-level BPE has"
      ),
      (
        "tokenizer.ggml.token_type", .texts(["1", "1", "1", "3"]),
        "[checkpoint] f.gguf: element 0 of 'tokenizer.ggml.token_type' is of type string, expected"
          + " an integer type"
      ),
      (
        "tokenizer.ggml.merges", .texts(["a b", "ab"]),
        "[checkpoint] f.gguf: element 1 of 'tokenizer.ggml.merges' is \"ab\", expected two tokens"
          + " with a space between"
      ),
      (
        "tokenizer.ggml.merges", .texts(["b a"]),
        "[checkpoint] f.gguf: element 0 of 'tokenizer.ggml.merges' needs the token \"ba\", which is"
          + " not in the vocabulary"
      ),
      (
        "tokenizer.ggml.eos_token_id", .uint32(4),
        "[checkpoint] f.gguf: 'tokenizer.ggml.eos_token_id' must be an integer from 0 to 3, got 4"
      ),
      (
        "tokenizer.chat_template", .uint32(4),
        "[checkpoint] f.gguf: 'tokenizer.chat_template' must be a text, got 4"
      ),
      (
        "tokenizer.ggml.add_eos_token", .uint32(1),
        "[checkpoint] f.gguf: 'tokenizer.ggml.add_eos_token' must be a bool, got 1"
      ),
    ] as [(String, GGUFBuilder.Value, String)])
  func `a tokenizer that does not fit is refused by name`(
    _ key: String, _ value: GGUFBuilder.Value, _ expected: String
  ) throws {
    #expect(try fault { try convert { $0.set(key, value) } }.line == expected)
  }

  @Test func `more tokens than rows are refused`() throws {
    let error = try fault {
      try convert {
        $0.set("tokenizer.ggml.tokens", .texts(["a", "b", "ab", "<end>", "c"]))
        $0.set("tokenizer.ggml.token_type", .int32s([1, 1, 1, 3, 1]))
      }
    }
    #expect(
      error.line
        == "[checkpoint] f.gguf: 'tokenizer.ggml.tokens' has 5 elements, but 'llama.vocab_size'"
        + " is 4"
    )
  }

  @Test func `an imported tokenizer gives hard lines the tokens of the tokenizers library`() throws
  {
    let source = try Fixtures.json(Fixtures.tokenizer + "/tiny-qwen2/tokenizer.json")
    let vocabulary = try #require(source["model"]?["vocab"]?.members)
    var tokens = [String](repeating: "", count: vocabulary.count)
    for member in vocabulary { tokens[try #require(member.value.integer)] = member.key }
    var types = [Int32](repeating: 1, count: tokens.count)
    for token in try #require(source["added_tokens"]?.elements) {
      types[try #require(token["id"]?.integer)] = 3
    }
    let merges = try #require(source["model"]?["merges"]?.elements).map {
      $0.text ?? $0.elements?.compactMap(\.text).joined(separator: " ") ?? ""
    }
    _ = try convert {
      $0.set("tokenizer.ggml.pre", .text("qwen2"))
      $0.set("tokenizer.ggml.tokens", .texts(tokens))
      $0.set("tokenizer.ggml.token_type", .int32s(types))
      $0.set("tokenizer.ggml.merges", .texts(merges))
      $0.set("llama.vocab_size", .uint32(UInt32(tokens.count)))
      $0.change("token_embd.weight") {
        $0.shape = [tokens.count, 4]
        $0.bytes = Array(repeating: 0, count: 16 * tokens.count)
      }
    }
    let tokenizer = try Tokenizer(folder: folder.path)
    let path = Fixtures.tokenizer + "/hard-lines.jsonl"
    let lines = try Fixtures.jsonLines(Data(contentsOf: URL(fileURLWithPath: path)), at: path)
    try #require(lines.count > 150)
    for line in lines {
      let text = try #require(line["text"]?.text)
      let ids = try #require(line["tiny-qwen2"]?.elements).map { Int32($0.integer ?? -1) }
      #expect(tokenizer.encode(text) == ids, "\(text.debugDescription)")
    }
  }
}
