import FulcrumKernel
import Testing
import TransformerFormats
import TransformerPlugin

struct ModelFilesTests {
  @Test func `facts say what a checkpoint holds`() throws {
    let policy = try Fixtures.policy(["checkpoint": .text(Fixtures.checkpoint("tiny-qwen3"))])
    let facts = Dictionary(policy.facts.map { ($0.name, $0.value) }) { first, _ in first }
    let shape = try #require(policy.network).shape
    #expect(facts["family"] == .text("qwen3"))
    #expect(facts["parameters"] == .integer(policy.parameterCount))
    #expect(facts["precision"] == .text("f32"))
    #expect(facts["head-size"] == .integer(shape.headSize))
    #expect(facts["tied"] == .flag(true))
    #expect(facts["rope-scaling"] == .text("none"))
    #expect(facts["end-tokens"] == .integers(shape.endTokens.map(Int.init)))
    #expect(try Fixtures.policy([:]).facts.isEmpty)
  }

  @Test func `the saved gradient is the accumulated one, under the checkpoint's names`() throws {
    let policy = try Fixtures.smallPolicy()
    let batch = SequenceBatch(prompts: [[5, 9]], completions: [[[7, 40], [8]]])
    try policy.accumulate(batch, weights: [1, -2, 0.5])
    try Fixtures.withTemporaryFolder { folder in
      let path = folder + "/gradient.safetensors"
      try policy.saveGradient(to: path)
      let layout = try #require(policy.network).layout
      let saved = try Fixtures.tensors(path)
      #expect(saved.map(\.name) == layout.tensors.map(\.name))
      for (tensor, saved) in zip(layout.tensors, saved) {
        #expect(saved.shape == tensor.shape)
        #expect(saved.values == policy.gradient(of: tensor))
      }
    }
  }

  @Test func `a codec needs the tokenizer's file alone`() throws {
    let folder = Fixtures.checkpoint("tokenizer/tiny-llama3")
    let codec = try TransformerPolicy.makeCodec(from: folder)
    let text = "Zoë says: 12345 knights\r\n"
    let tokens = try codec.encode(text)
    #expect(tokens == (try Tokenizer(folder: folder)).encode(text))
    #expect(try codec.decode(tokens, keepingSpecialTokens: true) == text)
  }

  @Test func `an imported GGUF file is a checkpoint in float32`() throws {
    try Fixtures.withTemporaryFolder { folder in
      try TransformerPolicy.importModel(
        from: Fixtures.checkpoint("gguf/all-types.gguf"), to: folder)
      // The file's tokenizer is too small to be used.
      #expect(try ModelShape.read(fromFolder: folder).layerCount == 1)
      let tensors = try CheckpointTensors(folder: folder)
      for name in tensors.names { #expect(try tensors.precision(of: name) == .f32) }
    }
  }
}
