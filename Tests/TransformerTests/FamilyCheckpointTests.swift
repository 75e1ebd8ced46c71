import Foundation
import FulcrumKernel
import Testing
import TransformerFormats
import TransformerPlugin

/// Checkpoints of all families: what is saved is what was read.
struct FamilyCheckpointTests {
  private func policy(
    _ folder: String, savePrecision: String = "same"
  ) throws -> TransformerPolicy {
    try Fixtures.policy(["checkpoint": .text(folder), "save-precision": .text(savePrecision)])
  }

  private func bytes(_ folder: String, _ file: String = "model.safetensors") throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: folder + "/" + file))
  }

  private func dtype(_ folder: String) throws -> String? {
    let config = try JSONSerialization.jsonObject(with: bytes(folder, "config.json"))
    return (config as? [String: Any])?["dtype"] as? String
  }

  /// Copies a checkpoint with tensors added to it or left out.
  private func copy(
    _ name: String, to folder: String, leavingOut removed: Set<String> = [],
    adding added: [(name: String, shape: [Int], values: [Float])] = []
  ) throws {
    let source = Fixtures.checkpoint(name)
    for file in ["config.json", "tokenizer.json"] {
      try Data(contentsOf: URL(fileURLWithPath: source + "/" + file))
        .write(to: URL(fileURLWithPath: folder + "/" + file))
    }
    let tensors = try Fixtures.tensors(source + "/model.safetensors")
    try Fixtures.write(
      tensors.filter { !removed.contains($0.name) } + added, to: folder + "/model.safetensors")
  }

  private func fault(_ folder: String) throws -> FulcrumError {
    try #require(throws: FulcrumError.self) { try policy(folder) }
  }

  @Test(arguments: Fixtures.checkpoints)
  func `an untrained checkpoint is saved as the same bytes`(_ name: String) throws {
    try Fixtures.withTemporaryFolder { folder in
      let source = Fixtures.checkpoint(name)
      try policy(source).save(to: folder)
      #expect(try bytes(folder) == bytes(source))
      #expect(try bytes(folder, "config.json") == bytes(source, "config.json"))
      // Float32 is the default too.
      try Fixtures.policy(["checkpoint": .text(source)]).save(to: folder)
      #expect(try bytes(folder) == bytes(source))
    }
  }

  @Test(arguments: Fixtures.checkpoints, ["bf16", "f16"])
  func `a half precision checkpoint is saved as the same bytes`(
    _ name: String, _ precision: String
  ) throws {
    try Fixtures.withTemporaryFolder { half in
      try policy(Fixtures.checkpoint(name), savePrecision: precision).save(to: half)
      try Fixtures.withTemporaryFolder { folder in
        let again = try policy(half)
        try again.save(to: folder)
        #expect(try bytes(folder) == bytes(half))
        #expect(try bytes(folder, "config.json") == bytes(half, "config.json"))
        // Float32 holds the same numbers, and says so in the config.
        try policy(half, savePrecision: "f32").save(to: folder)
        #expect(try policy(folder).parameterBits == again.parameterBits)
        #expect(try dtype(half) == TensorPrecision(rawValue: precision)?.huggingFaceName)
        #expect(try dtype(folder) == "float32")
        #expect(try bytes(folder).count > bytes(half).count * 3 / 2)
      }
    }
  }

  @Test(arguments: ModelFamily.allCases, [true, false])
  func `a fresh model of each family is saved and read to the same bits`(
    _ family: ModelFamily, tied: Bool
  ) throws {
    let fresh = try Fixtures.variedPolicy(family, tied: tied)
    try Fixtures.withTemporaryFolder { folder in
      try fresh.save(to: folder)
      let again = try policy(folder)
      #expect(again.parameterBits == fresh.parameterBits)
      #expect(again.summary == fresh.summary)
      #expect(again.summary.hasPrefix(family.rawValue + ", 2 layers of width 24"))
    }
  }

  @Test func `families add their biases and gains to the parameters`() throws {
    let llama = try Fixtures.variedPolicy(.llama).parameterCount
    // Two layers: biases of 4 · 6 and twice 2 · 6 components; gains of 6 on queries and on keys.
    #expect(try Fixtures.variedPolicy(.qwen2).parameterCount == llama + 2 * (24 + 12 + 12))
    #expect(try Fixtures.variedPolicy(.qwen3).parameterCount == llama + 2 * (6 + 6))
  }

  @Test(arguments: Fixtures.checkpoints)
  func `shards make the same model, and are saved as one file`(_ name: String) throws {
    try Fixtures.withTemporaryFolder { folder in
      try copy(name, to: folder)
      let path = folder + "/model.safetensors"
      let tensors = try Fixtures.tensors(path)
      try FileManager.default.removeItem(atPath: path)
      var map: [String: String] = [:]
      for shard in 0..<3 {
        let part = tensors.indices.filter { $0 * 3 / tensors.count == shard }.map { tensors[$0] }
        let file = "model-0000\(shard + 1)-of-00003.safetensors"
        try Fixtures.write(part, to: folder + "/" + file)
        for tensor in part { map[tensor.name] = file }
      }
      try JSONSerialization.data(withJSONObject: ["weight_map": map])
        .write(to: URL(fileURLWithPath: path + ".index.json"))
      let sharded = try policy(folder)
      #expect(try sharded.parameterBits == policy(Fixtures.checkpoint(name)).parameterBits)
      try sharded.save(to: folder)
      #expect(try bytes(folder) == bytes(Fixtures.checkpoint(name)))
    }
  }

  @Test func `a tied model's file may hold the same head, which is kept`() throws {
    let embedding = try #require(
      Fixtures.tensors(Fixtures.checkpoint("tiny-qwen2") + "/model.safetensors").first {
        $0.name == "model.embed_tokens.weight"
      })
    try Fixtures.withTemporaryFolder { folder in
      try copy(
        "tiny-qwen2", to: folder, adding: [("lm_head.weight", embedding.shape, embedding.values)])
      let whole = try bytes(folder)
      let policy = try policy(folder)
      #expect(policy.network?.shape.isTied == true)
      try policy.save(to: folder)
      #expect(try bytes(folder) == whole)

      var other = embedding.values
      other[77] += 1
      try copy("tiny-qwen2", to: folder, adding: [("lm_head.weight", embedding.shape, other)])
      #expect(
        try fault(folder).description
          == """
          \(folder)/model.safetensors: tensor 'lm_head.weight' differs from \
          'model.embed_tokens.weight', but tie_word_embeddings is true
            hint: set tie_word_embeddings to false if the model has a head of its own
          """)
    }
  }

  @Test func `tensors that are missing or of another model are refused by name`() throws {
    try Fixtures.withTemporaryFolder { folder in
      let path = folder + "/model.safetensors"
      try copy("tiny-llama", to: folder, leavingOut: ["lm_head.weight"])
      #expect(try fault(folder).location == path)
      #expect(try fault(folder).message == "there is no tensor 'lm_head.weight'")
      let bias = "model.layers.0.self_attn.q_proj.bias"
      try copy("tiny-llama", to: folder, adding: [(bias, [1], [0])])
      #expect(try fault(folder).location == path)
      #expect(try fault(folder).message == "tensor '\(bias)' belongs to no part of the model")
      try copy("tiny-qwen2", to: folder, leavingOut: [bias])
      #expect(try fault(folder).message == "there is no tensor '\(bias)'")
      let norm = "model.layers.1.self_attn.k_norm.weight"
      try copy("tiny-qwen3", to: folder, leavingOut: [norm])
      #expect(try fault(folder).message == "there is no tensor '\(norm)'")
    }
  }

  @Test func `a config that lies about sizes is refused before memory is taken`() throws {
    try Fixtures.withTemporaryFolder { folder in
      try copy("tiny-llama", to: folder)
      let path = folder + "/config.json"
      let config = try String(contentsOfFile: path, encoding: .utf8)
      func message(_ old: String, _ new: String) throws -> String {
        let changed = config.replacingOccurrences(of: old, with: new)
        try #require(changed != config)
        try changed.write(toFile: path, atomically: true, encoding: .utf8)
        return try fault(folder).message
      }
      #expect(
        try message("\"vocab_size\": 512", "\"vocab_size\": 1048576")
          == "tensor 'model.embed_tokens.weight' has the shape [512, 64], expected [1048576, 64]")
      #expect(
        try message("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1048576")
          == "num_hidden_layers is 1048576, but there are only 21 tensors")
      #expect(
        try message("\"vocab_size\": 512", "\"vocab_size\": 511")
          == "the tokenizer has 512 tokens, the model 511")
    }
  }

  @Test func `rotary frequencies that old files store are left out`() throws {
    try Fixtures.withTemporaryFolder { folder in
      try copy(
        "tiny-llama", to: folder,
        adding: [
          ("model.layers.0.self_attn.rotary_emb.inv_freq", [8], Array(repeating: 1, count: 8))
        ])
      try policy(folder).save(to: folder)
      #expect(try bytes(folder) == bytes(Fixtures.checkpoint("tiny-llama")))
    }
  }

  /// log π of the last four tokens of the longest sequence: transformers 5.23.0, float32, eager
  /// attention, on the checkpoint with these `rope_parameters`.
  @Test(
    arguments: [
      (
        "tiny-llama", #"{"rope_type": "linear", "factor": 4.0, "rope_theta": 10000.0}"#,
        [-7.10259, -6.864721, -7.736527, -6.156662]
      ),
      (
        "tiny-llama",
        #"{"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,"#
          + #" "original_max_position_embeddings": 32, "rope_theta": 10000.0}"#,
        [-6.805072, -6.940914, -7.615606, -6.215195]
      ),
      (
        "tiny-qwen2",
        #"{"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16,"#
          + #" "rope_theta": 1000000.0}"#,
        [-5.980902, -7.198757, -9.060757, -7.006602]
      ),
      (
        "tiny-qwen3",
        #"{"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16,"#
          + #" "rope_theta": 1000000.0, "attention_factor": 1.25}"#,
        [-8.645302, -10.649712, -7.461991, -4.013983]
      ),
    ] as [(String, String, [Float])])
  func `scaled positions give the log-probabilities of transformers`(
    _ name: String, _ rope: String, _ expected: [Float]
  ) throws {
    try Fixtures.withTemporaryFolder { folder in
      try copy(name, to: folder)
      let parameters = try JSONSerialization.jsonObject(with: Data(rope.utf8))
      try Fixtures.edit(folder + "/config.json") { $0["rope_parameters"] = parameters }
      let tokens = try Fixtures.reference(name).inputIds[3]
      let batch = SequenceBatch(whole: [tokens], promptLengths: [tokens.count - 4])
      let got = try policy(folder).allScores(batch).logProbabilities
      #expect(got.count == expected.count)
      // Six digits are pinned; the rest as between any two float32 implementations.
      for (got, want) in zip(got, expected) { #expect(abs(got - want) < 2e-5) }
    }
  }
}
