import FulcrumKernel
import Testing
import TransformerFormats

/// Tests the remedies in errors about files that can't be read.
struct RemedyTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func `a damaged tokenizer is to be fetched again`() throws {
    try folder.write(
      #"{"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false},"#
        + #""decoder":{"type":"ByteLevel"},"model":{"type":"BPE","merges":[]}}"#,
      "tokenizer.json")
    let error = try fault { try Tokenizer(folder: folder.path) }
    #expect(error.line == "[checkpoint] tokenizer.json: the model has no vocab")
    #expect(
      error.hint == "the file is damaged, incomplete or edited by hand: fetch or write it again")
  }

  @Test func `a wrong key of a config is to be corrected`() throws {
    try folder.write(#"{"model_type":"llama","hidden_size":"64"}"#, "config.json")
    let error = try fault { try ModelShape.read(fromFolder: folder.path) }
    #expect(
      error.line == "[checkpoint] config.json: hidden_size must be an integer, got \"64\"")
    #expect(error.hint == "correct the key, or fetch the file again")
  }

  @Test func `more tokens than a GGUF file's model has rows are another model's`() throws {
    var builder = GGUFBuilder.tiny()
    builder.set("llama.vocab_size", .uint32(3))
    builder.change("token_embd.weight") {
      $0.shape = [3, 4]
      $0.bytes = GGUFBuilder.floats(Array(repeating: 0, count: 12))
    }
    builder.set("tokenizer.ggml.eos_token_id", .uint32(2))
    let error = try fault {
      try GGUFCheckpoint(path: folder.write(builder.file(), "f.gguf"))
    }
    #expect(
      error.line
        == "[checkpoint] f.gguf: 'tokenizer.ggml.tokens' has 4 elements, but 'llama.vocab_size' is 3"
    )
    #expect(error.hint == "the tokenizer is of another model")
  }
}
