import FulcrumKernel
import JSON
import Testing
import TransformerFormats

/// Files of other families than Llama.
struct GGUFFamilyTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private var output: String { folder.path + "/out" }

  private func convert(
    _ family: ModelFamily, _ change: (inout GGUFBuilder) -> Void = { _ in }
  ) throws {
    var builder = GGUFBuilder.tiny(family)
    change(&builder)
    let file = try folder.write(builder.file(), "f.gguf")
    try GGUFImport.convert(file: file, toFolder: output, precision: .f32)
  }

  private func values(_ name: String, _ shape: [Int]) throws -> [Float] {
    var values = [Float](repeating: .nan, count: shape.reduce(1, *))
    var span = values.mutableSpan
    try TensorFile(path: output + "/model.safetensors").read(name, shape: shape, into: &span)
    return values
  }

  @Test(arguments: [ModelFamily.qwen2, .qwen3])
  func `rows of a Qwen's queries and keys stay where they are`(_ family: ModelFamily) throws {
    try convert(family)
    let layer = "model.layers.0.self_attn."
    // Those before them are 16 of the embedding and 4 of a norm; then 32 and 16.
    #expect(try values(layer + "q_proj.weight", [8, 4]) == (20..<52).map(Float.init))
    #expect(try values(layer + "k_proj.weight", [4, 4]) == (52..<68).map(Float.init))
    #expect(
      try ModelShape.read(fromFolder: output)
        == ModelShape(
          family: family, vocabularySize: 4, width: 4, layerCount: 1, headCount: 2,
          keyValueHeadCount: 1, headSize: 4, hiddenWidth: 3, contextLength: 64, ropeTheta: 10000,
          normEpsilon: 1e-5, isTied: true, endToken: 3, padToken: 3))
  }

  @Test func `biases and norms of heads have their names in Hugging Face`() throws {
    let layer = "model.layers.0.self_attn."
    try convert(.qwen2)
    #expect(try values(layer + "q_proj.bias", [8]) == (0..<8).map { 0.5 + Float($0) })
    #expect(try values(layer + "k_proj.bias", [4]) == [8.5, 9.5, 10.5, 11.5])
    #expect(try values(layer + "v_proj.bias", [4]) == [12.5, 13.5, 14.5, 15.5])
    try convert(.qwen3)
    #expect(try values(layer + "q_norm.weight", [4]) == [2, 3, 4, 5])
    #expect(try values(layer + "k_norm.weight", [4]) == [6, 7, 8, 9])
  }

  @Test func `what a family needs and what it lacks is named`() throws {
    func line(_ family: ModelFamily, _ change: (inout GGUFBuilder) -> Void) throws -> String {
      try fault { try convert(family, change) }.line
    }
    func renamed(_ old: String, _ new: String) -> (inout GGUFBuilder) -> Void {
      { $0.change(old) { $0.name = new } }
    }
    #expect(
      try line(.qwen2, renamed("blk.0.attn_k.bias", "blk.0.attn_k.biases"))
        == "[checkpoint] f.gguf: there is no tensor 'blk.0.attn_k.bias'")
    #expect(
      try line(.qwen3, renamed("blk.0.attn_q_norm.weight", "x"))
        == "[checkpoint] f.gguf: there is no tensor 'blk.0.attn_q_norm.weight'")
    // The factors of frequencies are Llama's.
    for (family, title) in [(ModelFamily.qwen2, "Qwen2"), (.qwen3, "Qwen3")] {
      let change: (inout GGUFBuilder) -> Void = {
        $0.tensors.append(
          GGUFBuilder.Tensor(
            name: "rope_freqs.weight", shape: [2], type: .f32, bytes: GGUFBuilder.floats([1, 8])))
      }
      #expect(
        try line(family, change)
          == "[unsupported] f.gguf: tensor 'rope_freqs.weight' has no place in the plain \(title)"
          + " architecture")
    }
    #expect(
      try line(.qwen2) { $0.set("qwen2.expert_count", .uint32(4)) }
        == "[unsupported] f.gguf: 'qwen2.expert_count' is 4, expected 0")
    #expect(
      try line(.qwen2) { $0.set("qwen2.rope.freq_base", nil) }
        == "[checkpoint] f.gguf: there is no 'qwen2.rope.freq_base' in the metadata")
    // Without a key there are as many rows as tokens.
    #expect(
      try line(.qwen3) {
        $0.set("tokenizer.ggml.tokens", .texts(["a", "b", "ab", "<end>", "c"]))
        $0.set("tokenizer.ggml.token_type", .int32s([1, 1, 1, 3, 1]))
      }
        == "[checkpoint] f.gguf: tensor 'token_embd.weight' has the shape [4, 4], expected [5, 4]")
  }

  @Test func `a file without a token that begins a text gives texts without one`() throws {
    try convert(.qwen2)
    #expect(try Fixtures.json(output + "/tokenizer.json")["post_processor"] == .null)
    #expect(try Fixtures.json(output + "/tokenizer_config.json")["bos_token"] == nil)
    #expect(try Fixtures.json(output + "/config.json")["bos_token_id"] == .null)
    try convert(.llama) {
      $0.set("tokenizer.ggml.pre", .text("llama-bpe"))
      $0.set("tokenizer.ggml.add_bos_token", .bool(false))
    }
    #expect(try Fixtures.json(output + "/tokenizer.json")["post_processor"] == .null)
  }
}
