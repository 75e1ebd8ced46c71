import Foundation
import FulcrumKernel
import Testing
import TransformerFormats
import TransformerPlugin

/// Adapter folders, and the sentences about those that can't be read.
struct LoRAFolderTests {
  /// Copies the adapter of tiny-llama beside its base, and gives the folder's place to `body`.
  private func withCopy(_ body: (_ folder: String) throws -> Void) throws {
    try Fixtures.withTemporaryFolder { place in
      let files = FileManager.default
      try files.createDirectory(atPath: place + "/lora", withIntermediateDirectories: true)
      try files.copyItem(
        atPath: Fixtures.checkpoint("tiny-llama"), toPath: place + "/tiny-llama")
      let folder = place + "/lora/adapter"
      try files.copyItem(atPath: Fixtures.adapter("tiny-llama"), toPath: folder)
      try body(folder)
    }
  }

  private func open(
    _ folder: String, _ more: [String: ParameterValue] = [:]
  ) throws -> TransformerPolicy {
    try Fixtures.policy(["checkpoint": .text(folder)].merging(more) { $1 })
  }

  /// The sentence of the refusal, without the folder's place.
  private func refusal(
    _ folder: String, _ code: FulcrumError.Code, _ more: [String: ParameterValue] = [:]
  ) throws -> String {
    let error = try #require(throws: FulcrumError.self) { try open(folder, more) }
    #expect(error.code == code)
    return error.description.replacingOccurrences(of: folder, with: "ADAPTER")
  }

  @Test(arguments: Fixtures.checkpoints)
  func `what peft made is saved as it was, with an absolute base`(_ name: String) throws {
    let policy = try open(Fixtures.adapter(name))
    try Fixtures.withTemporaryFolder { folder in
      try policy.save(to: folder)
      let (old, new) = (Fixtures.adapter(name), folder)
      let saved = try Fixtures.tensors(new + "/adapter_model.safetensors")
      let source = try Fixtures.tensors(old + "/adapter_model.safetensors")
      #expect(Set(saved.map(\.name)) == Set(source.map(\.name)))
      for tensor in source {
        let other = try #require(saved.first { $0.name == tensor.name })
        #expect(other.shape == tensor.shape && other.values == tensor.values)
      }
      let base = try #require(realpath(Fixtures.checkpoint(name), nil))
      defer { free(base) }
      func configuration(_ place: String) throws -> [String: Any] {
        let data = try Data(contentsOf: URL(fileURLWithPath: place + "/adapter_config.json"))
        let json = try JSONSerialization.jsonObject(with: data)
        return try #require(json as? [String: Any])
      }
      var expected = try configuration(old)
      expected["base_model_name_or_path"] = String(cString: base)
      func text(_ json: [String: Any]) throws -> Data {
        try JSONSerialization.data(withJSONObject: json, options: .sortedKeys)
      }
      #expect(try text(try configuration(new)) == text(expected))
      // It has a tokenizer of its own now.
      #expect(FileManager.default.fileExists(atPath: folder + "/tokenizer.json"))
      let again = try open(folder)
      #expect(again.trainedBits == policy.trainedBits)
      #expect(again.facts == policy.facts)
    }
  }

  @Test func `facts tell what is trained`() throws {
    let policy = try open(Fixtures.adapter("tiny-qwen3"))
    let facts = Dictionary(
      policy.facts.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    // Rank 1 in one layer: k (64 → 64), o (128 → 64), gate (64 → 176).
    #expect(facts["trained"] == .integer(64 + 64 + 128 + 64 + 64 + 176))
    #expect(facts["parameters"] == .integer(policy.parameterCount))
    #expect(facts["lora-rank"] == .integer(1) && facts["lora-alpha"] == .number(2))
    #expect(facts["lora-targets"] == .texts(["k_proj", "o_proj", "gate_proj"]))
    #expect(policy.summary.contains("LoRA of rank 1 with 560 of them trained"))
    let whole = try open(Fixtures.checkpoint("tiny-qwen3"))
    #expect(!whole.summary.contains("LoRA") && !whole.facts.contains { $0.name == "trained" })
  }

  @Test func `an adapter's text is its base's where it has no tokenizer`() throws {
    let folder = Fixtures.adapter("tiny-qwen2")
    let codec = try TransformerPolicy.makeCodec(from: folder)
    #expect(try codec.encode("knights") == open(folder).encode("knights"))
  }

  @Test func `a gradient is saved under peft's names`() throws {
    let policy = try open(Fixtures.adapter("tiny-qwen3"))
    try policy.accumulate(
      SequenceBatch(prompts: [[4, 5]], completions: [[[6, 7]]]), weights: [1, 1])
    try Fixtures.withTemporaryFolder { folder in
      try policy.saveGradient(to: folder + "/gradient.safetensors")
      let saved = try Fixtures.tensors(folder + "/gradient.safetensors")
      let names = try Fixtures.tensors(
        Fixtures.adapter("tiny-qwen3") + "/adapter_model.safetensors"
      ).map(\.name)
      #expect(Set(saved.map(\.name)) == Set(names))
      #expect(saved.allSatisfy { $0.values.contains { $0 != 0 } })
    }
  }

  @Test func `a run doesn't go on with another base`() throws {
    try withCopy { folder in
      let policy = try open(folder)
      try Fixtures.withTemporaryFolder { state in
        try policy.saveOptimizer(to: state)
        try open(folder).loadOptimizer(from: state)
        let base = folder + "/../../tiny-llama/model.safetensors"
        var tensors = try Fixtures.tensors(base)
        tensors[3].values[5] = tensors[3].values[5].nextUp
        try Fixtures.write(tensors, to: base)
        let error = #expect(throws: FulcrumError.self) {
          try open(folder).loadOptimizer(from: state)
        }
        #expect(error?.code == .checkpoint)
        #expect(
          error?.message.hasPrefix("expected the base that the adapter was trained on, got other")
            == true)
      }
    }
  }

  @Test func `parameters that don't fit are refused`() throws {
    let folder = Fixtures.adapter("tiny-llama")
    #expect(
      try refusal(folder, .parameter, ["lora-rank": .integer(8)])
        == """
        policy.lora-rank: the adapter in 'ADAPTER' has rank 4, got 8
          hint: leave 'lora-rank' out, or set it to 4; or begin new adapters from the base
        """)
    _ = try open(folder, ["lora-rank": .integer(4)])
    #expect(
      try refusal(
        Fixtures.checkpoint("tiny-llama"), .parameter,
        ["lora-rank": .integer(2), "lora-targets": .texts(["q_proj", "gate_prok"])])
          == """
          policy.lora-targets: expected [all-linear], or some of q_proj, k_proj, v_proj, o_proj, \
          gate_proj, up_proj, down_proj; got 'gate_prok'
            hint: did you mean 'gate_proj'?
          """)
    #expect(
      try refusal("", .parameter, ["lora-rank": .integer(2)])
        == """
        policy.lora-rank: expected 0 for a fresh model, got 2
          hint: adapters need a base: give its folder as 'checkpoint'
        """)
  }

  @Test func `folders that are no plain adapter of their base are refused`() throws {
    try withCopy { folder in
      let config = folder + "/adapter_config.json"
      let weights = folder + "/adapter_model.safetensors"
      let tensors = try Fixtures.tensors(weights)
      let text = try Data(contentsOf: URL(fileURLWithPath: config))
      func refusal(_ code: FulcrumError.Code, _ change: (inout [String: Any]) -> Void) throws
        -> String
      {
        try Fixtures.edit(config, change)
        defer { try? text.write(to: URL(fileURLWithPath: config)) }
        return try self.refusal(folder, code)
      }
      #expect(
        try refusal(.notFound) { $0["base_model_name_or_path"] = "some/model" }
          == """
          ADAPTER/adapter_config.json: there is no folder 'some/model', which \
          base_model_name_or_path names
            hint: set base_model_name_or_path to the folder of the model that the adapter was \
          trained on
          """)
      #expect(
        try refusal(.unsupported) { $0["use_dora"] = true }
          == """
          ADAPTER/adapter_config.json: expected nothing as use_dora, got true
            hint: this policy computes plain LoRA only; the policy torch takes what peft does
          """)
      #expect(
        try refusal(.unsupported) { $0["bias"] = "all" }
          .hasPrefix("ADAPTER/adapter_config.json: expected none as bias, got \"all\""))
      #expect(
        try refusal(.unsupported) { $0["peft_type"] = "IA3" }
          .hasPrefix("ADAPTER/adapter_config.json: expected LORA as peft_type, got \"IA3\""))
      #expect(
        try refusal(.unsupported) { $0["rank_pattern"] = ["q_proj": 8] }
          .hasPrefix("ADAPTER/adapter_config.json: expected nothing as rank_pattern"))
      #expect(
        try refusal(.unsupported) { $0["init_lora_weights"] = "pissa" }
          .hasPrefix("ADAPTER/adapter_config.json: expected true, false or one of gaussian, eva"))
      #expect(
        try refusal(.checkpoint) { $0["r"] = 0 }
          .hasPrefix("ADAPTER/adapter_config.json: r must be a rank of at least 1, got 0"))
      #expect(
        try refusal(.checkpoint) { $0["target_modules"] = ["q_proj"] }
          == """
          ADAPTER/adapter_config.json: target_modules is [q_proj], but adapter_model.safetensors has an \
          adapter of 'model.layers.0.self_attn.k_proj'
            hint: the two are of different adapters, or one was changed: make them agree
          """)
      #expect(
        try refusal(.checkpoint) {
          $0["target_modules"] = AdapterProjection.allCases.map(\.rawValue) + ["foo"]
        }.contains(
          "q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj, foo], but"
            + " adapter_model.safetensors has none of 'foo'\n"))
      #expect(
        try refusal(.checkpoint) { $0["r"] = 5 }
          .hasPrefix(
            "ADAPTER/adapter_model.safetensors: tensor"
              + " 'base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight'"))

      try Fixtures.write(
        tensors + [
          ("base_model.model.lm_head.lora_A.weight", [4, 64], .init(repeating: 0, count: 256))
        ],
        to: weights)
      #expect(
        try self.refusal(folder, .unsupported)
          == """
          ADAPTER/adapter_model.safetensors: expected adapters of q_proj, k_proj, v_proj, o_proj, \
          gate_proj, up_proj, down_proj in 2 layers, got tensor \
          'base_model.model.lm_head.lora_A.weight'
            hint: the policy torch takes what peft does
          """)
      try Fixtures.write(tensors.filter { !$0.name.contains("1.mlp.up_proj.lora_B") }, to: weights)
      #expect(
        try self.refusal(folder, .checkpoint)
          .hasPrefix(
            "ADAPTER/adapter_model.safetensors: there is no tensor"
              + " 'base_model.model.model.layers.1.mlp.up_proj.lora_B.weight'"))
      try Fixtures.write([], to: weights)
      #expect(
        try self.refusal(folder, .checkpoint)
          == "ADAPTER/adapter_model.safetensors: expected an adapter's tensors, got none")
      try FileManager.default.removeItem(atPath: weights)
      _ = try self.refusal(folder, .notFound)
    }
  }
}
