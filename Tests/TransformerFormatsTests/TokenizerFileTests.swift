import Foundation
import FulcrumKernel
import JSON
import Testing
import TransformerFormats

struct TokenizerFileTests {
  private let folder: TemporaryFolder
  private let original: String

  init() throws {
    folder = try TemporaryFolder()
    // On one line, so that what a test replaces has one spelling.
    original = JSONWriter.compact(
      try Fixtures.json(Fixtures.tokenizer + "/tiny-qwen2/tokenizer.json"))
  }

  private func read(replacing old: String, by new: String) throws -> Tokenizer {
    let range = try #require(original.range(of: old), "\(old) is not in the file")
    try folder.write(original.replacingCharacters(in: range, with: new), "tokenizer.json")
    return try Tokenizer(folder: folder.path)
  }

  @Test(arguments: [
    (
      #""normalizer":{"type":"NFC"}"#, #""normalizer":{"type":"Lowercase"}"#,
      #"[unsupported] tokenizer.json: the normalizer is {"type":"Lowercase"}, expected none, NFC,"#
        + " NFD, NFKC, NFKD, Prepend or Replace of a String"
    ),
    (
      #""normalizer":{"type":"NFC"}"#,
      #""normalizer":{"type":"Replace","pattern":{"Regex":" +"},"content":" "}"#,
      #"[unsupported] tokenizer.json: the normalizer is {"type":"Replace","pattern":{"Regex":" "#
        + #"+"},"content":" "}, expected none, NFC, NFD, NFKC, NFKD, Prepend or Replace of a String"#
    ),
    (
      #""pre_tokenizer":{"type":"Sequence""#, #""pre_tokenizer":{"type":"Whitespace""#,
      #"[unsupported] tokenizer.json: the pre_tokenizer has the part {"type":"Whitespace","#
        + #""pretokenizers":[{"type":"Split","pa..., expected Split, Digits, Metaspace or, at the"#
        + " end, ByteLevel"
    ),
    (
      #"|\\p{N}| ?"#, #"|(?<=a)\\p{N}| ?"#,
      "[unsupported] tokenizer.json: the Split has the unknown pattern"
        + #" {"Regex":"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|(?<=a)\\p{N}"#
        + #"| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"}"#
    ),
    (
      #"{"type":"Split","#, #"{"type":"Punctuation","#,
      #"[unsupported] tokenizer.json: the pre_tokenizer has the part {"type":"Punctuation","#
        + #""pattern":{"Regex":"(?i:'s|'t|'re|'..., expected Split, Digits, Metaspace or, at the end, ByteLevel"#
    ),
    (
      #"{"type":"Split","#, #"{"type":"Digits","#,
      "[checkpoint] tokenizer.json: the Digits has individual_digits absent, expected true or"
        + " false"
    ),
    (
      #""add_prefix_space":false"#, #""add_prefix_space":null"#,
      "[checkpoint] tokenizer.json: the ByteLevel pre-tokenizer has add_prefix_space null,"
        + " expected true or false"
    ),
    (
      #""behavior":"Isolated""#, #""behavior":"Contiguous""#,
      #"[unsupported] tokenizer.json: the Split has behavior "Contiguous", expected "Isolated", "#
        + #""Removed", "MergedWithPrevious", "MergedWithNext""#
    ),
    (
      #""invert":false"#, #""invert":"no""#,
      #"[checkpoint] tokenizer.json: the Split has invert "no", expected true or false"#
    ),
    (
      #""decoder":{"type":"ByteLevel""#, #""decoder":{"type":"Metaspace""#,
      #"[unsupported] tokenizer.json: the decoder is {"type":"Metaspace","add_prefix_space":t"#
        + #"rue,"trim_offsets..., expected ByteLevel"#
    ),
    (
      #""post_processor":{"type":"TemplateProcessing""#,
      #""post_processor":{"type":"RobertaProcessing""#,
      #"[unsupported] tokenizer.json: the post_processor is {"type":"RobertaProcessing","single""#
        + #":[{"Sequence":{"id":"..., expected ByteLevel or TemplateProcessing"#
    ),
    (
      #""single":["#, #""single":[{"Sequence":{"id":"A","type_id":0}},"#,
      #"[unsupported] tokenizer.json: the post_processor's template has the part {"Sequence":{"id""#
        + #":"A","type_id":0}} before the text, expected a SpecialToken"#
    ),
    (
      #""single":[{"Sequence":{"id":"A","type_id":0}}]"#,
      #""single":[{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"x","type_id":0}}]"#,
      #"[unsupported] tokenizer.json: the post_processor's template is [{"Sequence":{"id":"A","#
        + #""type_id":0}},{"SpecialToken":{"id..., expected one that ends with the text"#
    ),
    (
      #""single":["#, #""single":[{"SpecialToken":{"id":"x","type_id":0}},"#,
      "[checkpoint] tokenizer.json: the post_processor's special token 'x' has no ids"
    ),
    (
      #""type":"BPE""#, #""type":"Unigram""#,
      #"[unsupported] tokenizer.json: the model has type "Unigram", expected "BPE""#
    ),
    (
      #""type":"BPE""#, #""type":"WordPiece""#,
      #"[unsupported] tokenizer.json: the model has type "WordPiece", expected "BPE""#
    ),
    (
      #""byte_fallback":false"#, #""byte_fallback":true"#,
      "[unsupported] tokenizer.json: the model has byte_fallback true, expected false"
    ),
    (
      #""dropout":null"#, #""dropout":0.1"#,
      "[unsupported] tokenizer.json: the model has dropout 0.1, expected null"
    ),
    (
      #""unk_token":null"#, #""unk_token":"<unk>""#,
      #"[unsupported] tokenizer.json: the model has unk_token "<unk>", expected null"#
    ),
    (
      #""ignore_merges":false"#, #""ignore_merges":1"#,
      "[checkpoint] tokenizer.json: the model has ignore_merges 1, expected true or false"
    ),
    (
      #""lstrip":false"#, #""lstrip":"no""#,
      #"[checkpoint] tokenizer.json: the added token '<|endoftext|>' has lstrip "no", expected"#
        + " true or false"
    ),
    (
      #"{"id":1,"content""#, #"{"id":3,"content""#,
      "[checkpoint] tokenizer.json: the added token '<|im_start|>' has the number 3, but 1 in the"
        + " vocab"
    ),
    (
      #"{"id":1,"content":"<|im_start|>""#, #"{"id":2147483647,"content":"x""#,
      "[checkpoint] tokenizer.json: the token 'x' has the number 2147483647, but there are only"
        + " 515 tokens"
    ),
    (
      #"{"id":1,"content":"<|im_start|>""#, #"{"id":2147483648,"content":"x""#,
      "[checkpoint] tokenizer.json: added token 1 has no content or no id: "
        + #"{"id":2147483648,"content":"x","single_word":false,"lstri..."#
    ),
    (
      #"{"id":1,"content":"<|im_start|>""#, #"{"id":0,"content":"x""#,
      "[checkpoint] tokenizer.json: two tokens have the number 0, one of them is 'x'"
    ),
    (
      #""!":3,"#, #""!":-1,"#,
      "[checkpoint] tokenizer.json: the token '!' has the number -1, but there are only 515 tokens"
    ),
    (
      #""vocab":{"#, #""vocab":{},"words":{"#, "[checkpoint] tokenizer.json: the model has no vocab"
    ),
    (
      #""content":"<|im_start|>""#, #""content":"""#,
      "[checkpoint] tokenizer.json: added token 1 has no content or no id: "
        + #"{"id":1,"content":"","single_word":false,"lstrip":false,"..."#
    ),
    (
      #""content":"<|im_start|>""#, #""content":"<|im_end|>""#,
      "[checkpoint] tokenizer.json: the added token '<|im_end|>' is given twice"
    ),
    (#""vocab":"#, #""words":"#, "[checkpoint] tokenizer.json: the model has no vocab"),
    (#""merges":"#, #""pairs":"#, "[checkpoint] tokenizer.json: the model has no merges"),
    (
      #""!":3,"#, "",
      "[checkpoint] tokenizer.json: the byte 0x21, '!', is not in the vocabulary"
    ),
    (
      #""!":3,"#, #""!":4,"#,
      "[checkpoint] tokenizer.json: two tokens have the number 4, one of them is '\"'"
    ),
    (
      #""!":3,"#, #""!":3000,"#,
      "[checkpoint] tokenizer.json: the token '!' has the number 3000, but there are only 515"
        + " tokens"
    ),
    (
      #""!":3,"#, #""!":"3","#,
      #"[checkpoint] tokenizer.json: the token '!' has the number "3""#
    ),
    (
      #""!":3,"#, #""! ":3,"#,
      "[unsupported] tokenizer.json: the token '! ' is not spelt in the byte alphabet"
    ),
    (
      #""!":3,"#, #""!!!!!!":3,"#,
      "[checkpoint] tokenizer.json: the byte 0x21, '!', is not in the vocabulary"
    ),
    (
      #"["Ġ","a"]"#, #"["Ġ"]"#,
      #"[checkpoint] tokenizer.json: merge 0 is ["Ġ"], expected a pair of tokens"#
    ),
    (
      #"["Ġ","a"]"#, #""Ġ a b""#,
      #"[checkpoint] tokenizer.json: merge 0 is "Ġ a b", expected a pair of tokens"#
    ),
    (
      #"["Ġ","a"]"#, #"["Ġ","aaaaaa"]"#,
      #"[checkpoint] tokenizer.json: merge 0, ["Ġ","aaaaaa"], has a part that is not in the"#
        + " vocabulary"
    ),
    (
      #"["Ġ","a"]"#, #"["Ġ","~"]"#,
      "[checkpoint] tokenizer.json: merge 0 makes 'Ġ~', which is not in the vocabulary"
    ),
    (
      #"["Ġ","i"]"#, #"["Ġ","a"]"#,
      "[checkpoint] tokenizer.json: merge 1, making 'Ġa', is repeated"
    ),
  ])
  func `what is not byte-level BPE of a known kind is refused by name`(
    _ old: String, _ new: String, _ line: String
  ) throws {
    #expect(try fault { try read(replacing: old, by: new) }.line == line)
  }

  @Test func `a number that no token has stays free, and decodes to nothing`() throws {
    // Token 511 is the last; an added token leaves two numbers free before it.
    let tokenizer = try read(
      replacing: "],\"normalizer\"",
      by: #",{"id":514,"content":"<more>","special":true}],"normalizer""#)
    #expect(tokenizer.tokenRows == TokenRows(end: 515, holes: [512, 513]))
    #expect(tokenizer.tokenRows.count == 513)
    #expect(tokenizer.encode("a<more>").last == 514)
    let text = try tokenizer.decode([514, 512, 513, 67], keepingSpecialTokens: true)
    #expect(text == "<more>a")
    try tokenizer.write(
      toFolder: folder.path, endToken: "<more>", padToken: "<more>", contextLength: 9)
    #expect(try Tokenizer(folder: folder.path).tokenRows == tokenizer.tokenRows)
    let vocabulary = try #require(
      Fixtures.json(folder.path + "/tokenizer.json")["model"]?["vocab"]?.members)
    #expect(vocabulary.count == 512)
  }

  @Test func `what cuts and fills up batches has no effect, and is kept`() throws {
    let truncation =
      #"{"direction":"Right","max_length":2,"strategy":"LongestFirst","stride":0}"#
    let padding =
      #"{"strategy":"BatchLongest","direction":"Right","pad_to_multiple_of":null,"pad_id":0,"#
      + #""pad_type_id":0,"pad_token":"<|endoftext|>"}"#
    let cutting = try read(
      replacing: #""truncation":null,"padding":null"#,
      by: #""truncation":\#(truncation),"padding":\#(padding)"#)
    let plain = try Tokenizer(folder: Fixtures.tokenizer + "/tiny-qwen2")
    let text = "A very special island is inhabited only by knights and knaves."
    #expect(cutting.encode(text) == plain.encode(text))
    try cutting.write(
      toFolder: folder.path, endToken: "<|im_end|>", padToken: "<|im_end|>", contextLength: 9)
    let written = try Fixtures.json(folder.path + "/tokenizer.json")
    for (key, expected) in [("truncation", truncation), ("padding", padding)] {
      #expect(try written[key] == JSONReader.parse(Array(expected.utf8), at: key))
    }
  }

  /// Each says no more than the file that it replaces a part of.
  @Test(arguments: [
    (
      #""normalizer":{"type":"NFC"}"#,
      #""normalizer":{"type":"Sequence","normalizers":[{"type":"NFC"}]}"#
    ),
    (#""fuse_unk":false"#, #""fuse_unk":true"#),
    (#""fuse_unk":false"#, #""fuse_unk":null"#),
    (#""byte_fallback":false"#, #""byte_fallback":null"#),
    (#""ignore_merges":false"#, #""ignore_merges":null"#),
    (#""lstrip":false"#, #""lstrip":null"#),
    (#""version":"1.0""#, #""version":null,"comment":{"by":"somebody"}"#),
  ])
  func `null and what has no effect are read`(_ old: String, _ new: String) throws {
    let plain = try Tokenizer(folder: Fixtures.tokenizer + "/tiny-qwen2")
    let text = "<|im_start|>e\u{301}t\u{E9} knights\n"
    #expect(try read(replacing: old, by: new).encode(text) == plain.encode(text))
  }

  @Test func `a normalizer of no steps composes nothing`() throws {
    let tokenizer = try read(
      replacing: #""normalizer":{"type":"NFC"}"#,
      by: #""normalizer":{"type":"Sequence","normalizers":[]}"#)
    #expect(tokenizer.encode("e\u{301}") != tokenizer.encode("\u{E9}"))
    #expect(
      try fault {
        try read(
          replacing: #""normalizer":{"type":"NFC"}"#,
          by: #""normalizer":{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Strip"}]}"#)
      }.line
        == #"[unsupported] tokenizer.json: the normalizer is {"type":"Strip"}, expected none, NFC,"#
        + " NFD, NFKC, NFKD, Prepend or Replace of a String")
  }

  @Test func `merges may be pairs or texts with a space`() throws {
    let document = try JSONReader.parse(Array(original.utf8), at: "tokenizer.json")
    let pairs = try #require(document["model"]?["merges"]?.elements)
    let texts = pairs.map { pair in
      JSONValue.string((pair.elements ?? []).compactMap(\.text).joined(separator: " "))
    }
    #expect(texts.first == .string("Ġ a"))
    let older = try read(
      replacing: JSONWriter.compact(.array(pairs)), by: JSONWriter.compact(.array(texts)))
    let newer = try Tokenizer(folder: Fixtures.tokenizer + "/tiny-qwen2")
    let text = "A very special island is inhabited only by knights and knaves."
    #expect(older.encode(text) == newer.encode(text))
    // Without its merges it would have one token a byte, 62.
    #expect(older.encode(text).count < 40)
  }

  @Test(arguments: [
    ("tiny-qwen2", "<|im_end|>"), ("tiny-llama", "<|im_end|>"), ("tiny-gpt2", "<|endoftext|>"),
    ("tiny-llama3", "<|eot_id|>"), ("tiny-smollm2", "<|im_end|>"), ("flags", "<s>"),
    ("forms/llama2", "</s>"), ("forms/gemma", "</s>"), ("forms/deepseek-v3", "</s>"),
  ])
  func `a tokenizer that was read is written to the byte`(
    _ name: String, _ endToken: String
  ) throws {
    let read = try Tokenizer(folder: Fixtures.tokenizer + "/" + name)
    try read.write(
      toFolder: folder.path, endToken: endToken, padToken: endToken, contextLength: 512)
    let files = [Fixtures.tokenizer + "/" + name, folder.path].map {
      URL(fileURLWithPath: $0 + "/tokenizer.json")
    }
    #expect(try Data(contentsOf: files[1]) == Data(contentsOf: files[0]))
  }

  private static let further = [
    "special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt", "tokenizer.model",
  ]

  @Test func `the files beside tokenizer.json are kept to the byte`() throws {
    let template = "{{ bos_token }}{% for message in messages %}…{% endfor %}"
    let config = "{\"eos_token\": {\"content\": \"<|im_end|>\"},\n\n \"added_tokens_decoder\": {}}"
    try folder.write(original, "tokenizer.json")
    try folder.write(template, "chat_template.jinja")
    try folder.write(config, "tokenizer_config.json")
    let model: [UInt8] = [10, 0, 255]
    for name in Self.further { try folder.write(model, name) }
    let copy = try TemporaryFolder()
    try Tokenizer(folder: folder.path).write(
      toFolder: copy.path, endToken: "<|im_end|>", padToken: "<|im_end|>", contextLength: 9)
    for (name, text) in [("chat_template.jinja", template), ("tokenizer_config.json", config)] {
      #expect(try Data(contentsOf: URL(fileURLWithPath: copy.path + "/" + name)) == Data(text.utf8))
    }
    for name in Self.further {
      #expect(try Data(contentsOf: URL(fileURLWithPath: copy.path + "/" + name)) == Data(model))
    }
  }

  @Test func `a file of an absurd size is refused before it is read`() throws {
    let path = try folder.write(original, "tokenizer.json")
    // A hole: it takes no room on the disk.
    try FileHandle(forWritingTo: URL(fileURLWithPath: path)).truncate(atOffset: 1 << 40)
    #expect(
      try fault { try Tokenizer(folder: folder.path) }.line
        == "[checkpoint] tokenizer.json: the file has 1099511627776 bytes, expected at most"
        + " 268435456")
  }

  @Test func `a token before the text that is not in the vocabulary is refused`() throws {
    let json = try Fixtures.json(Fixtures.tokenizer + "/tiny-llama3/tokenizer.json")
    let text = JSONWriter.compact(json)
    try #require(text.contains(#""ids":[500]"#))
    for (id, shown) in [("504", "504"), ("-1", "-1"), (#""500""#, #""500""#)] {
      try folder.write(
        text.replacing(#""ids":[500]"#, with: #""ids":[\#(id)]"#), "tokenizer.json")
      #expect(
        try fault { try Tokenizer(folder: folder.path) }.line
          == "[checkpoint] tokenizer.json: the post_processor's special token '<|begin_of_text|>'"
          + " has the number \(shown), expected from 0 to 503")
    }
  }

  @Test func `an added token that is not special stays in decoded text, and the longest wins`()
    throws
  {
    let tokenizer = try read(
      replacing: "],\"normalizer\"",
      by: #",{"id":512,"content":"<|im_end|>s","special":false}],"normalizer""#)
    #expect(tokenizer.vocabularySize == 513)
    #expect(tokenizer.encode("<|im_end|>s<|im_end|>") == [512, 2])
    #expect(try tokenizer.decode([512, 2], keepingSpecialTokens: false) == "<|im_end|>s")
  }

  @Test func `a file that is cut off is refused`() throws {
    let bytes = Array(original.utf8)
    for count in stride(from: 0, to: bytes.count, by: 97) {
      try folder.write(Array(bytes[..<count]), "tokenizer.json")
      let error = try fault { try Tokenizer(folder: folder.path) }
      #expect(error.message.hasPrefix("not valid JSON at byte \(count): expected "))
    }
    #expect(
      try fault { try Tokenizer(folder: folder.path + "/none") }.line
        == "[not-found] tokenizer.json: can't open the file: No such file or directory")
  }
}
