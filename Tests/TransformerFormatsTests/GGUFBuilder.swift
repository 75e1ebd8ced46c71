import TransformerFormats

/// Puts a GGUF file together, byte by byte.
struct GGUFBuilder {
  enum Value {
    case uint32(UInt32)
    case float(Float)
    case bool(Bool)
    case text(String)
    case texts([String])
    case int32s([Int32])
    /// A type's number, and whatever follows it.
    case raw(UInt32, [UInt8])
  }

  struct Tensor {
    var name: String
    /// Row-major; the file has them the other way round.
    var shape: [Int]
    var type: GGUFElement
    var bytes: [UInt8]
  }

  var version: UInt32 = 3
  var metadata: [(key: String, value: Value)] = []
  var tensors: [Tensor] = []
  var alignment = 32

  static func little(_ value: some FixedWidthInteger) -> [UInt8] {
    (0..<value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  static func floats(_ values: [Float]) -> [UInt8] { values.flatMap { little($0.bitPattern) } }

  /// The 64-bit FNV-1a hash of the values' bytes, in 16 digits.
  static func hash(_ values: some Sequence<Float>) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for value in values {
      for shift in [0, 8, 16, 24] as [UInt32] {
        hash = (hash ^ UInt64(value.bitPattern >> shift & 0xFF)) &* 0x0000_0100_0000_01b3
      }
    }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  private static func text(_ text: String) -> [UInt8] {
    little(UInt64(text.utf8.count)) + Array(text.utf8)
  }

  private static func bytes(_ value: Value) -> [UInt8] {
    switch value {
    case .uint32(let number): little(4 as UInt32) + little(number)
    case .float(let number): little(6 as UInt32) + little(number.bitPattern)
    case .bool(let flag): little(7 as UInt32) + [flag ? 1 : 0]
    case .text(let string): little(8 as UInt32) + text(string)
    case .texts(let strings):
      little(9 as UInt32) + little(8 as UInt32) + little(UInt64(strings.count))
        + strings.flatMap(text)
    case .int32s(let numbers):
      little(9 as UInt32) + little(5 as UInt32) + little(UInt64(numbers.count))
        + numbers.flatMap { little($0) }
    case .raw(let type, let rest): little(type) + rest
    }
  }

  /// Everything before the data, without padding.
  func header() -> [UInt8] {
    var bytes = Array("GGUF".utf8) + Self.little(version)
    bytes += Self.little(UInt64(tensors.count)) + Self.little(UInt64(metadata.count))
    for (key, value) in metadata { bytes += Self.text(key) + Self.bytes(value) }
    var offset = 0
    for tensor in tensors {
      bytes += Self.text(tensor.name) + Self.little(UInt32(tensor.shape.count))
      for size in tensor.shape.reversed() { bytes += Self.little(UInt64(size)) }
      bytes += Self.little(tensor.type.rawValue) + Self.little(UInt64(offset))
      offset += padded(tensor.bytes.count)
    }
    return bytes
  }

  /// The whole file; nothing is behind the last tensor.
  func file() -> [UInt8] {
    var bytes = header()
    for tensor in tensors {
      bytes += Array(repeating: 0, count: padded(bytes.count) - bytes.count) + tensor.bytes
    }
    return bytes
  }

  private func padded(_ count: Int) -> Int { (count + alignment - 1) / alignment * alignment }

  /// Replaces a metadata value, or takes it out.
  mutating func set(_ key: String, _ value: Value?) {
    guard let index = metadata.firstIndex(where: { $0.key == key }) else {
      if let value { metadata.append((key, value)) }
      return
    }
    if let value { metadata[index].value = value } else { metadata.remove(at: index) }
  }

  /// Changes the tensor of a name.
  mutating func change(_ name: String, _ body: (inout Tensor) -> Void) {
    for index in tensors.indices where tensors[index].name == name { body(&tensors[index]) }
  }
}

extension GGUFBuilder {
  /// A tied model of one layer: width 4, two query heads and one key head of size 4, hidden
  /// width 3, four tokens. The tensors count up from 0, all through, in F32.
  static func tiny() -> GGUFBuilder {
    var builder = GGUFBuilder()
    builder.metadata = [
      ("general.architecture", .text("llama")), ("llama.block_count", .uint32(1)),
      ("llama.context_length", .uint32(64)), ("llama.embedding_length", .uint32(4)),
      ("llama.feed_forward_length", .uint32(3)), ("llama.attention.head_count", .uint32(2)),
      ("llama.attention.head_count_kv", .uint32(1)), ("llama.attention.key_length", .uint32(4)),
      ("llama.rope.freq_base", .float(10000)),
      ("llama.attention.layer_norm_rms_epsilon", .float(1e-5)), ("llama.vocab_size", .uint32(4)),
      ("tokenizer.ggml.model", .text("gpt2")), ("tokenizer.ggml.pre", .text("smollm")),
      ("tokenizer.ggml.tokens", .texts(["a", "b", "ab", "<end>"])),
      ("tokenizer.ggml.token_type", .int32s([1, 1, 1, 3])),
      ("tokenizer.ggml.merges", .texts(["a b"])), ("tokenizer.ggml.eos_token_id", .uint32(3)),
    ]
    let shapes: [(String, [Int])] = [
      ("token_embd", [4, 4]), ("blk.0.attn_norm", [4]), ("blk.0.attn_q", [8, 4]),
      ("blk.0.attn_k", [4, 4]), ("blk.0.attn_v", [4, 4]), ("blk.0.attn_output", [4, 8]),
      ("blk.0.ffn_norm", [4]), ("blk.0.ffn_gate", [3, 4]), ("blk.0.ffn_up", [3, 4]),
      ("blk.0.ffn_down", [4, 3]), ("output_norm", [4]),
    ]
    var next: Float = 0
    for (name, shape) in shapes {
      let values = (0..<shape.reduce(1, *)).map { next + Float($0) }
      next += Float(values.count)
      builder.tensors.append(
        Tensor(name: name + ".weight", shape: shape, type: .f32, bytes: floats(values)))
    }
    return builder
  }

  /// `tiny()` as a Qwen2 or Qwen3 of the same sizes, as llama.cpp's converter writes those: no
  /// `vocab_size`; biases of 0.5, 1.5, … or norms of heads of 2, 3, ….
  static func tiny(_ family: ModelFamily) -> GGUFBuilder {
    var builder = tiny()
    guard family != .llama else { return builder }
    builder.set("llama.vocab_size", nil)
    builder.set("general.architecture", .text(family.rawValue))
    for index in builder.metadata.indices where builder.metadata[index].key.hasPrefix("llama.") {
      builder.metadata[index].key = family.rawValue + builder.metadata[index].key.dropFirst(5)
    }
    builder.set("tokenizer.ggml.pre", .text("qwen2"))
    let more =
      family == .qwen2
      ? [("q.bias", 8, 0.5), ("k.bias", 4, 8.5), ("v.bias", 4, 12.5)]
      : [("q_norm.weight", 4, 2), ("k_norm.weight", 4, 6)] as [(String, Int, Float)]
    for (name, size, first) in more {
      builder.tensors.append(
        Tensor(
          name: "blk.0.attn_" + name, shape: [size], type: .f32,
          bytes: floats((0..<size).map { first + Float($0) })))
    }
    return builder
  }
}
