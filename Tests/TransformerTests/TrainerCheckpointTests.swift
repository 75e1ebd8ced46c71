import Foundation
import FulcrumKernel
import Testing
import TransformerFormats
import TransformerPlugin

/// Checkpoints in the forms in which training libraries leave them.
struct TrainerCheckpointTests {
  typealias Tensors = [(name: String, shape: [Int], values: [Float])]

  private static let source = Fixtures.checkpoint("tiny-qwen2")

  /// Copies the small checkpoint, with its tensors changed.
  private func copy(to folder: String, _ change: (inout Tensors) -> Void = { _ in }) throws {
    for name in ["config.json", "tokenizer.json"] {
      try FileManager.default.copyItem(
        atPath: Self.source + "/" + name, toPath: folder + "/" + name)
    }
    var tensors = try Fixtures.tensors(Self.source + "/model.safetensors")
    change(&tensors)
    try Fixtures.write(tensors, to: folder + "/model.safetensors")
  }

  private func policy(_ folder: String) throws -> TransformerPolicy {
    try Fixtures.policy(["checkpoint": .text(folder)])
  }

  private func fault(_ folder: String) throws -> FulcrumError {
    try #require(throws: FulcrumError.self) { _ = try policy(folder) }
  }

  private func write(_ text: String, _ name: String, _ folder: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/" + name))
  }

  private static let heads = [
    "v_head.summary.weight", "v_head.summary.bias", "score.weight", "value_head.weight",
    "classifier.dense.weight",
  ]

  @Test(arguments: [false, true])
  func `heads that a policy has no use for are left out by name`(isSharded: Bool) throws {
    try Fixtures.withTemporaryFolder { folder in
      let heads: Tensors = Self.heads.map { ($0, [2], [1, 2]) }
      try copy(to: folder) { if !isSharded { $0 += heads } }
      if isSharded {
        let names = try Fixtures.tensors(folder + "/model.safetensors").map(\.name)
        try FileManager.default.moveItem(
          atPath: folder + "/model.safetensors", toPath: folder + "/a.safetensors")
        try Fixtures.write(heads, to: folder + "/b.safetensors")
        let map = names.map { ($0, "a.safetensors") } + Self.heads.map { ($0, "b.safetensors") }
        try JSONSerialization.data(
          withJSONObject: ["weight_map": Dictionary(map) { first, _ in first }]
        ).write(to: URL(fileURLWithPath: folder + "/model.safetensors.index.json"))
      }
      let policy = try policy(folder)
      #expect(policy.parameterBits == (try self.policy(Self.source)).parameterBits)
      #expect(policy.facts.first { $0.name == "left-out" }?.value == .texts(Self.heads))
      try Fixtures.withTemporaryFolder { saved in
        try policy.save(to: saved)
        let names = try Fixtures.tensors(saved + "/model.safetensors").map(\.name)
        #expect(names == (try Fixtures.tensors(Self.source + "/model.safetensors").map(\.name)))
        let again = try self.policy(saved)
        #expect(again.parameterBits == policy.parameterBits)
        #expect(!again.facts.contains { $0.name == "left-out" })
      }
    }
  }

  @Test func `a note names the heads, of many the first`() {
    #expect(CheckpointFolder.note(leavingOut: []) == nil)
    #expect(
      CheckpointFolder.note(leavingOut: ["score.weight"])
        == "heads that a policy has no use for are left out, also of what is saved: score.weight")
    let note = CheckpointFolder.note(leavingOut: (1...8).map { "score.\($0)" })
    #expect(note?.hasSuffix("score.5, score.6 and 2 more") == true)
    #expect(!CheckpointFolder.isExtraHead("model.score.weight"))
    #expect(!CheckpointFolder.isExtraHead("scores.weight"))
  }

  @Test func `any other tensor is still refused by name`() throws {
    try Fixtures.withTemporaryFolder { folder in
      try copy(to: folder) { $0.append(("model.vision.weight", [1], [0])) }
      let error = try fault(folder)
      #expect(error.message == "tensor 'model.vision.weight' belongs to no part of the model")
    }
  }

  @Test(arguments: ["module.", "_orig_mod.", "base_model.model.", "model."])
  func `names of a wrapper are refused with the prefix to take off`(prefix: String) throws {
    try Fixtures.withTemporaryFolder { folder in
      try copy(to: folder) { $0 = $0.map { (prefix + $0.name, $0.shape, $0.values) } }
      let error = try fault(folder)
      #expect(error.code == .checkpoint)
      #expect(error.location == folder + "/model.safetensors")
      #expect(
        error.message
          == "the tensors' names begin with '\(prefix)': there is"
          + " '\(prefix)model.embed_tokens.weight', expected 'model.embed_tokens.weight'")
      #expect(
        error.hint
          == "a wrapper of training was saved with the model: save the model inside it, or take the"
          + " prefix off; in that folder run: python3 -c \"from safetensors.torch import load_file,"
          + " save_file; n = 'model.safetensors'; save_file({k.removeprefix('\(prefix)'): v for k, v"
          + " in load_file(n).items()}, n, {'format': 'pt'})\"")
    }
  }

  @Test func `an adapter saved with its model, and a model without its head, are told`() throws {
    try Fixtures.withTemporaryFolder { folder in
      try copy(to: folder) { tensors in
        tensors = tensors.map { ("base_model.model." + $0.name, $0.shape, $0.values) }
        tensors.append(("base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight", [1], [0]))
      }
      let adapter = try fault(folder)
      #expect(
        adapter.hint
          == "an adapter of peft was saved with its model: merge it (merge_and_unload) and save the"
          + " model again")
    }
    try Fixtures.withTemporaryFolder { folder in
      try copy(to: folder) {
        $0 = $0.map { ($0.name.replacing("model.", with: ""), $0.shape, $0.values) }
      }
      let error = try fault(folder)
      #expect(
        error.message
          == "the tensors' names lack 'model.': there is 'embed_tokens.weight', expected"
          + " 'model.embed_tokens.weight'")
      #expect(
        error.hint
          == "the model was saved without its head: load it as AutoModelForCausalLM and save it again"
      )
    }
  }

  /// Adds a token behind the vocabulary, as a trainer does that needs one for padding.
  private func addPadding(_ folder: String, id: Int) throws {
    try Fixtures.edit(folder + "/tokenizer.json") { json in
      let added = json["added_tokens"] as? [[String: Any]] ?? []
      json["added_tokens"] = added + [["id": id, "content": "[PAD]", "special": true]]
    }
    try Fixtures.edit(folder + "/config.json") { $0["pad_token_id"] = id }
  }

  @Test func `a padding token without a row loads, is never drawn, and is refused in a text`()
    throws
  {
    try Fixtures.withTemporaryFolder { folder in
      try copy(to: folder)
      try addPadding(folder, id: 512)
      let policy = try policy(folder)
      let plain = try self.policy(Self.source)
      #expect(policy.network?.tokenRows == TokenRows(end: 512))
      #expect(try policy.encode("knights") == plain.encode("knights"))
      let error = try #require(throws: FulcrumError.self) { _ = try policy.encode("a[PAD]b") }
      #expect(error.code == .data)
      #expect(
        error.message
          == "the text has the token '[PAD]', number 512, but the model has rows for 0 to 511 only")
      #expect(
        error.hint
          == "take it out of the text, or give the model a row for it:"
          + " model.resize_token_embeddings(len(tokenizer))")
      // A batch that brings its number is refused too, and so is decoding it.
      #expect(throws: FulcrumError.self) {
        try policy.allScores(SequenceBatch(prompts: [[4, 512]], completions: [[[6]]]))
      }
      #expect(throws: FulcrumError.self) {
        try policy.decode([512], keepingSpecialTokens: true)
      }
      try Fixtures.withTemporaryFolder { saved in
        try policy.save(to: saved)
        #expect(try self.policy(saved).encode("knights") == plain.encode("knights"))
      }
    }
  }

  @Test func `a tokenizer whose own vocabulary is larger than the model is another model's`() throws
  {
    try Fixtures.withTemporaryFolder { folder in
      try copy(to: folder)
      try Fixtures.edit(folder + "/tokenizer.json") { json in
        var model = json["model"] as? [String: Any] ?? [:]
        var vocabulary = model["vocab"] as? [String: Any] ?? [:]
        vocabulary["zzzz"] = 512
        model["vocab"] = vocabulary
        json["model"] = model
      }
      let error = try fault(folder)
      #expect(error.message == "the tokenizer has 513 tokens, the model 512")
    }
  }

  @Test func `an adapter beside a model is read on the base that it names, which is told`() throws {
    try Fixtures.withTemporaryFolder { folder in
      try copy(to: folder)
      func note(base: String) -> String? {
        CheckpointFolder.note(ofModelBesideAdapterIn: folder, base: base)
      }
      #expect(
        note(base: "/models/base")
          == "the folder has an adapter of peft and a whole model beside it: the adapter is read, on"
          + " the base that it names, /models/base; take adapter_config.json away to read the model"
      )
      #expect(note(base: folder + "/.") == nil)
      try write(
        #"{"base_model_name_or_path": "models/none", "r": 2}"#, "adapter_config.json", folder)
      #expect(try fault(folder).location?.hasPrefix(folder + "/adapter_config.json") == true)
    }
  }

  @Test(arguments: ["pytorch_model.bin", "pytorch_model.bin.index.json"])
  func `pickled weights are refused with the command that converts them`(name: String) throws {
    try Fixtures.withTemporaryFolder { folder in
      try copy(to: folder)
      try write("", name, folder)
      // Beside safetensors they are the same weights once more.
      #expect(try policy(folder).isReady)
      try FileManager.default.removeItem(atPath: folder + "/model.safetensors")
      let error = try fault(folder)
      #expect(error.code == .unsupported)
      #expect(error.message == "the weights are in pytorch_model.bin, expected model.safetensors")
      #expect(
        error.hint
          == "in that folder run: python3 -c \"import glob, torch; from safetensors.torch import"
          + " save_file; w = {}; [w.update(torch.load(f, map_location='cpu', weights_only=True)) for"
          + " f in glob.glob('pytorch_model*.bin')]; save_file({k: v.clone().contiguous() for k, v in"
          + " w.items()}, 'model.safetensors', {'format': 'pt'})\"")
    }
  }
}
