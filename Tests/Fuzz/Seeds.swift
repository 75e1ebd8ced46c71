import Foundation
import FulcrumKernel
import JSON
import TransformerFormats

/// Small sound inputs, made of the tests' fixtures: a million runs of whole fixtures take a day.
enum Seeds {
  private static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Fixtures")

  static func write(toFolder folder: String) throws {
    for target in FormatExercise.allCases {
      let place = URL(fileURLWithPath: folder).appendingPathComponent(target.rawValue)
      try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
      for (number, seed) in try seeds(target).enumerated() {
        try seed.write(to: place.appendingPathComponent("seed-\(number)"))
        try check(seed, target, number)
      }
      if target == .gguf {
        // Its tokenizer lacks bytes and is refused, but eight types of tensors come before that.
        try fixture("gguf/all-types.gguf").write(to: place.appendingPathComponent("all-types"))
      }
      // What was found once may be near what will be found next.
      let found = fixtures.appendingPathComponent("fuzz/" + target.rawValue)
      let names = try? FileManager.default.contentsOfDirectory(atPath: found.path)
      for name in names ?? [] {
        try fixture("fuzz/\(target.rawValue)/\(name)").write(
          to: place.appendingPathComponent("found-" + name))
      }
    }
    try writeFrames(toFolder: folder + "/wire")
  }

  /// Random sound frames, one or two in a file.
  private static func writeFrames(toFolder folder: String) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    var random = CounterRandom(seed: 1, purpose: "fuzzing").stream(0)
    for number in 0..<40 {
      let frames = (0...number % 2).map { _ in WireExercise.frame(&random) }
      let bytes = try frames.flatMap { try $0.encoded() }
      if let contradiction = WireExercise.run(bytes) { throw FulcrumError(.data, contradiction) }
      try Data(bytes).write(to: URL(fileURLWithPath: folder + "/seed-\(number)"))
    }
  }

  /// An input that is refused early leads nowhere.
  private static func check(_ seed: Data, _ target: FormatExercise, _ number: Int) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try target.prepare(folder.path)
    if let contradiction = try target.run(Array(seed), in: folder.path) {
      throw FulcrumError(.data, "seed \(number) of \(target.rawValue): \(contradiction)")
    }
  }

  private static func fixture(_ path: String) throws -> Data {
    try Data(contentsOf: fixtures.appendingPathComponent(path))
  }

  private static func seeds(_ target: FormatExercise) throws -> [Data] {
    switch target {
    case .safetensors: try TensorPrecision.allCases.map(tensors)
    case .index:
      [
        Data(
          #"{"weight_map":{"a":"x.safetensors","b":"x.safetensors","c":"y.safetensors"}}"#.utf8)
      ]
    case .gguf:
      ModelFamily.allCases.map { Data(gguf($0).file()) } + scaledGGUFs()
        + GGUFElement.allCases.filter { $0.blockLength > 1 }.map(gguf(with:))
    case .tokenizer:
      try [
        "flags", "tiny-gpt2", "tiny-llama3", "tiny-qwen2", "tiny-smollm2", "forms/deepseek-v3",
        "forms/gemma", "forms/llama2", "forms/mistral", "forms/o200k", "forms/sentencepiece",
      ].map(tokenizer)
    case .config:
      try ["llama", "qwen2", "qwen3"].map { try fixture("tiny-\($0)/config.json") }
        + [
          #"{"rope_type":"yarn","factor":4.0,"beta_fast":32,"beta_slow":1,"mscale":0.7,"#
            + #""mscale_all_dim":0.8,"truncate":false,"original_max_position_embeddings":64}"#,
          #"{"type":"llama3","factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0}"#,
          #"{"rope_type":"linear","factor":2}"#,
        ].map(config)
    }
  }

  /// The first tensors of a fixture, cut to two rows of four.
  private static func tensors(_ precision: TensorPrecision) throws -> Data {
    let source = try TensorFile(
      path: fixtures.appendingPathComponent("tiny-llama/model.safetensors").path)
    let names = source.namesInOrder.prefix(2)
    return try written { path in
      try TensorFile.write(
        path: path,
        tensors: names.map { .init(name: $0, shape: [2, 4], precision: precision) }
      ) { (_, body) throws(FulcrumError) in
        try body((0..<8).map { Float($0) - 0.5 }.span)
      }
    }
  }

  /// A tiny model whose vocabulary has every printable byte, so that its tokenizer can be read.
  private static func gguf(_ family: ModelFamily = .llama) -> GGUFBuilder {
    var builder = GGUFBuilder.tiny(family)
    let tokens = (UInt8(0x20)...0x7E).map { ByteAlphabet.spell([$0]) } + ["ab", "<end>"]
    if family == .llama { builder.set("llama.vocab_size", .uint32(UInt32(tokens.count))) }
    builder.set("tokenizer.ggml.tokens", .texts(tokens))
    builder.set(
      "tokenizer.ggml.token_type", .int32s(tokens.map { $0 == "<end>" ? 3 : 1 }))
    builder.set("tokenizer.ggml.eos_token_id", .uint32(UInt32(tokens.count - 1)))
    builder.set("tokenizer.ggml.bos_token_id", .uint32(UInt32(tokens.count - 1)))
    builder.set("tokenizer.ggml.add_bos_token", .bool(true))
    builder.change("token_embd.weight") {
      $0.shape = [tokens.count, 4]
      $0.type = .f16
      $0.bytes = Array(repeating: 0, count: tokens.count * 8)
    }
    return builder
  }

  /// A tiny model with blocks of a type, of width 2: an input is 8 KiB at most.
  private static func gguf(with element: GGUFElement) -> Data {
    var builder = gguf()
    builder.set("llama.embedding_length", .uint32(2))
    builder.set("llama.feed_forward_length", .uint32(256))
    for index in builder.tensors.indices {
      let tensor = builder.tensors[index]
      let name = tensor.name.split(separator: ".").dropLast().last ?? ""
      let shape: [Int] =
        switch name {
        case "ffn_gate", "ffn_up": [256, 2]
        case "ffn_down": [2, 256]
        case "attn_output": [2, 8]
        default: Array(tensor.shape.dropLast()) + [2]
        }
      let type = name == "ffn_down" ? element : .f16
      // Halves of these bytes are small.
      let byte: UInt8 = name == "ffn_down" ? 0x21 : 0
      builder.tensors[index].shape = shape
      builder.tensors[index].type = type
      builder.tensors[index].bytes = Array(
        repeating: byte, count: shape.reduce(1, *) / type.blockLength * type.blockByteCount)
    }
    return Data(builder.file())
  }

  /// Tiny models of the two rotary scalings.
  private static func scaledGGUFs() -> [Data] {
    var linear = gguf()
    linear.set("llama.rope.scaling.type", .text("linear"))
    linear.set("llama.rope.scaling.factor", .float(4))
    var llama3 = gguf()
    // The second wavelength, 62,832, is beyond the original context of 8192: stretched.
    llama3.set("llama.rope.freq_base", .float(1e8))
    llama3.tensors.append(
      GGUFBuilder.Tensor(
        name: "rope_freqs.weight", shape: [2], type: .f32, bytes: GGUFBuilder.floats([1, 8])))
    return [linear, llama3].map { Data($0.file()) }
  }

  /// A fixture's tokenizer with the printable bytes, two merges and its added tokens only.
  private static func tokenizer(_ name: String) throws -> Data {
    let path = "tokenizer/\(name)/tokenizer.json"
    let json = try JSONReader.parse(Array(fixture(path)), at: path)
    // On characters the space's sign is another one, and the bytes' tokens are missing.
    let sign =
      name.hasPrefix("forms/") && json["decoder"]?["type"] != .string("ByteLevel") ? "▁" : "\u{120}"
    let tokens =
      [sign] + (UInt8(0x21)...0x7E).map { ByteAlphabet.spell([$0]) } + [sign + "a", sign + "ab"]
    let first = tokens.count
    let left = ["vocab", "merges", "unk_token"]
    let added = (json["added_tokens"]?.elements ?? []).prefix(3).enumerated()
      .map { number, token in
        JSONValue.object(
          (token.members ?? []).map {
            $0.key == "id" ? JSONMember("id", .integer(first + number)) : $0
          })
      }
    let vocabulary = tokens.enumerated().map { JSONMember($0.element, .integer($0.offset)) }
    let members = (json.members ?? []).map { member in
      switch member.key {
      case "added_tokens": JSONMember(member.key, .array(added))
      case "post_processor": JSONMember(member.key, .null)
      case "model":
        JSONMember(
          member.key,
          .object(
            (member.value.members ?? []).filter { !left.contains($0.key) } + [
              JSONMember("vocab", .object(vocabulary)),
              JSONMember("merges", .array([.string("\(sign) a"), .string("\(sign)a b")])),
            ]))
      default: member
      }
    }
    let text = " ab it's 12  \n\u{e9}e\u{301} <|end"
    return Data((JSONWriter.compact(.object(members)) + "\0" + text).utf8)
  }

  private static func config(_ scaling: String) throws -> Data {
    let json = try JSONReader.parse(Array(fixture("tiny-llama/config.json")), at: "config.json")
    let names = ["rope_scaling", "rope_parameters"]
    let members =
      (json.members ?? []).filter { !names.contains($0.key) } + [
        JSONMember("rope_scaling", try JSONReader.parse(Array(scaling.utf8), at: "scaling"))
      ]
    return Data((JSONWriter.compact(.object(members)) + "\0" + #"{"eos_token_id":[2,3]}"#).utf8)
  }

  private static func written(_ body: (String) throws -> Void) throws -> Data {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try body(path)
    return try Data(contentsOf: URL(fileURLWithPath: path))
  }
}
