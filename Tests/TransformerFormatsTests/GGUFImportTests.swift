import Foundation
import FulcrumKernel
import JSON
import Testing
import TransformerFormats

/// Whole files, converted.
struct GGUFImportTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private var output: String { folder.path + "/out" }

  private func convert(
    _ builder: GGUFBuilder, precision: TensorPrecision = .f32
  ) throws {
    let file = try folder.write(builder.file(), "f.gguf")
    try GGUFImport.convert(file: file, toFolder: output, precision: precision)
  }

  private func line(_ change: (inout GGUFBuilder) -> Void) throws -> String {
    var builder = GGUFBuilder.tiny()
    change(&builder)
    return try fault { try convert(builder) }.line
  }

  private func values(_ name: String, _ shape: [Int]) throws -> [Float] {
    var values = [Float](repeating: .nan, count: shape.reduce(1, *))
    var span = values.mutableSpan
    try TensorFile(path: output + "/model.safetensors").read(name, shape: shape, into: &span)
    return values
  }

  @Test func `a model of one layer becomes a folder that can be read back`() throws {
    try convert(.tiny())
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: output).sorted() == [
        "config.json", "generation_config.json", "model.safetensors", "tokenizer.json",
        "tokenizer_config.json",
      ])
    let shape = ModelShape(
      vocabularySize: 4, width: 4, layerCount: 1, headCount: 2, keyValueHeadCount: 1, headSize: 4,
      hiddenWidth: 3, contextLength: 64, ropeTheta: 10000, normEpsilon: 1e-5, isTied: true,
      endToken: 3, padToken: 3)
    #expect(try ModelShape.read(fromFolder: output) == shape)
    // The tensors before it have 16 + 4 + 32 + 16 values.
    let layer = "model.layers.0."
    #expect(
      try values(layer + "self_attn.v_proj.weight", [4, 4]) == (0..<16).map { 68 + Float($0) })
    #expect(try values("model.norm.weight", [4]) == [156, 157, 158, 159])
    #expect(
      try TensorFile(path: output + "/model.safetensors").names == [
        "model.embed_tokens.weight", layer + "input_layernorm.weight",
        layer + "mlp.down_proj.weight", layer + "mlp.gate_proj.weight",
        layer + "mlp.up_proj.weight", layer + "post_attention_layernorm.weight",
        layer + "self_attn.k_proj.weight", layer + "self_attn.o_proj.weight",
        layer + "self_attn.q_proj.weight", layer + "self_attn.v_proj.weight", "model.norm.weight",
      ])
  }

  @Test func `rows of queries and keys go back from pairs to halves`() throws {
    try convert(.tiny())
    // Rows 0 and 1 were turned together, as rows 0 and 2 are in Hugging Face's order: so the file's
    // rows 0, 2 are the first half of a head, and 1, 3 the second.
    let queries = try values("model.layers.0.self_attn.q_proj.weight", [8, 4])
    #expect(
      stride(from: 0, to: 32, by: 4).map { (queries[$0] - 20) / 4 } == [0, 2, 1, 3, 4, 6, 5, 7])
    #expect(queries[4..<8] == [28, 29, 30, 31])
    let keys = try values("model.layers.0.self_attn.k_proj.weight", [4, 4])
    #expect(stride(from: 0, to: 16, by: 4).map { (keys[$0] - 52) / 4 } == [0, 2, 1, 3])
  }

  @Test func `an output matrix makes the head its own`() throws {
    var builder = GGUFBuilder.tiny()
    builder.tensors.append(
      GGUFBuilder.Tensor(
        name: "output.weight", shape: [4, 4], type: .f16,
        bytes: (0..<16).flatMap { _ in [0x00, 0x38] as [UInt8] }))
    try convert(builder, precision: .bf16)
    #expect(try !ModelShape.read(fromFolder: output).isTied)
    #expect(try values("lm_head.weight", [4, 4]) == Array(repeating: 0.5, count: 16))
    #expect(
      try TensorFile(path: output + "/model.safetensors").tensors["lm_head.weight"]?.dtype == .bf16)
  }

  @Test func `versions 2 and 3 and other alignments read alike`() throws {
    try convert(.tiny())
    let expected = try Data(contentsOf: URL(fileURLWithPath: output + "/model.safetensors"))
    for (version, alignment) in [(2, 32), (3, 8), (3, 256)] as [(UInt32, Int)] {
      var builder = GGUFBuilder.tiny()
      builder.version = version
      builder.alignment = alignment
      builder.set("general.alignment", .uint32(UInt32(alignment)))
      try convert(builder)
      #expect(
        try Data(contentsOf: URL(fileURLWithPath: output + "/model.safetensors")) == expected)
    }
  }

  @Test(arguments: [
    "general.architecture", "llama.block_count", "llama.context_length", "llama.embedding_length",
    "llama.feed_forward_length", "llama.attention.head_count", "llama.attention.head_count_kv",
    "llama.rope.freq_base", "llama.attention.layer_norm_rms_epsilon",
    "tokenizer.ggml.model", "tokenizer.ggml.pre", "tokenizer.ggml.tokens",
    "tokenizer.ggml.token_type", "tokenizer.ggml.merges", "tokenizer.ggml.eos_token_id",
  ])
  func `a missing key is named`(_ key: String) throws {
    #expect(
      try line { $0.set(key, nil) }
        == "[checkpoint] f.gguf: there is no '\(key)' in the metadata")
    #expect(!FileManager.default.fileExists(atPath: output))
  }

  @Test(
    arguments: [
      (
        "general.architecture", .text("qwen2moe"),
        "[unsupported] f.gguf: 'general.architecture' is \"qwen2moe\", expected one of \"llama\","
          + " \"qwen2\", \"qwen3\""
      ),
      (
        "llama.block_count", .text("1"),
        "[checkpoint] f.gguf: 'llama.block_count' must be an integer from 1 to 1048576, got \"1\""
      ),
      (
        "llama.block_count", .uint32(2),
        "[checkpoint] f.gguf: there is no tensor 'blk.1.attn_norm.weight'"
      ),
      (
        "llama.embedding_length", .uint32(1 << 21),
        "[checkpoint] f.gguf: 'llama.embedding_length' must be an integer from 1 to 1048576, got"
          + " 2097152"
      ),
      (
        "llama.vocab_size", .uint32(5),
        "[checkpoint] f.gguf: tensor 'token_embd.weight' has the shape [4, 4], expected [5, 4]"
      ),
      (
        "llama.attention.head_count", .int32s([2, 2]),
        "[checkpoint] f.gguf: 'llama.attention.head_count' must be an integer from 1 to 1048576,"
          + " got an array of 2 int32 values"
      ),
      (
        "llama.attention.head_count_kv", .uint32(3),
        "[configuration] f.gguf: metadata: num_attention_heads must be a multiple of"
          + " num_key_value_heads, got 2 and 3"
      ),
      (
        "llama.rope.freq_base", .bool(true),
        "[checkpoint] f.gguf: 'llama.rope.freq_base' must be a number, got true"
      ),
      (
        "llama.rope.dimension_count", .uint32(2),
        "[unsupported] f.gguf: 'llama.rope.dimension_count' is 2, expected the size of a head, 4"
      ),
      (
        "llama.expert_count", .uint32(8),
        "[unsupported] f.gguf: 'llama.expert_count' is 8, expected 0"
      ),
      (
        "llama.attention.sliding_window", .uint32(8),
        "[unsupported] f.gguf: 'llama.attention.sliding_window' is 8, expected none"
      ),
    ] as [(String, GGUFBuilder.Value, String)])
  func `what is not computed is refused by name`(
    _ key: String, _ value: GGUFBuilder.Value, _ expected: String
  ) throws {
    #expect(try line { $0.set(key, value) } == expected)
  }

  @Test func `tensors that the model does not have are refused by name`() throws {
    for name in ["blk.0.attn_q.bias", "blk.0.attn_q_norm.weight", "rope_factors_long.weight"] {
      #expect(
        try line {
          $0.tensors.append(
            GGUFBuilder.Tensor(
              name: name, shape: [2], type: .f32, bytes: GGUFBuilder.floats([1, 8])))
        }
          == "[unsupported] f.gguf: tensor '\(name)' has no place in the plain Llama architecture")
    }
    #expect(
      try line {
        $0.set("llama.attention.key_length", nil)
        $0.set("llama.attention.head_count", .uint32(3))
      }
        == "[checkpoint] f.gguf: 'llama.embedding_length' must be a multiple of"
        + " 'llama.attention.head_count', got 4 and 3")
  }

  @Test func `a folder that can't be made and a value beyond f16 are refused`() throws {
    let file = try folder.write(GGUFBuilder.tiny().file(), "f.gguf")
    let error = try fault {
      try GGUFImport.convert(file: file, toFolder: file + "/out", precision: .f32)
    }
    #expect(error.code == .inputOutput)
    #expect(error.message.hasPrefix("can't prepare the folder: "))
    var builder = GGUFBuilder.tiny()
    builder.change("output_norm.weight") { $0.bytes = GGUFBuilder.floats([1, 2, 3, 70000]) }
    try convert(builder)
    #expect(
      try fault { try convert(builder, precision: .f16) }.line
        == "[not-finite] model.safetensors: tensor 'model.norm.weight' holds 70000.0 at element 3,"
        + " expected values within the range of f16")
    // The broken-off import left no config of the one before it.
    #expect(!FileManager.default.fileExists(atPath: output + "/config.json"))
  }

  @Test func `a file of eight types has the bits that the gguf package gives them`() throws {
    try GGUFImport.convert(
      file: Fixtures.gguf + "/all-types.gguf", toFolder: output, precision: .f32)
    let expected = try #require(Fixtures.json(Fixtures.gguf + "/all-types.json").elements)
    try #require(expected.count == 12)
    for tensor in expected {
      let name = try #require(tensor["name"]?.text)
      let shape = try #require(tensor["shape"]?.elements).compactMap(\.integer)
      let got = try values(name, shape)
      let first = try #require(tensor["first"]?.elements).compactMap(\.double)
      #expect(got.prefix(3).map { Double($0) } == first, "\(name)")
      #expect(got.last.map { Double($0) } == tensor["last"]?.double, "\(name)")
      #expect(GGUFBuilder.hash(got) == tensor["hash"]?.text, "\(name)")
    }
    let shape = try ModelShape.read(fromFolder: output)
    #expect(shape.ropeTheta == 500_000)
    #expect(shape.normEpsilon == 1e-6)
    #expect(shape.headSize == 4)
    #expect(try Fixtures.json(output + "/config.json")["bos_token_id"] == .integer(1))
  }
}
