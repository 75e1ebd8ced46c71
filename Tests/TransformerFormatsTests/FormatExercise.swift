import FulcrumKernel
import JSON
import TransformerFormats

/// A format whose files come from elsewhere, and all that the program does with such a file.
///
/// Fuzzing (Tests/Fuzz) and the test of what it found share this.
enum FormatExercise: String, CaseIterable {
  /// The bytes are `model.safetensors`.
  case safetensors
  /// The bytes are `model.safetensors.index.json`, beside two sound shards.
  case index
  /// The bytes are a GGUF file.
  case gguf
  /// The bytes are `tokenizer.json`, and behind a NUL a text to be encoded.
  case tokenizer
  /// The bytes are `config.json`, and behind a NUL `generation_config.json`.
  case config

  /// Puts into a folder what does not depend on the input.
  func prepare(_ folder: String) throws(FulcrumError) {
    guard self == .index else { return }
    for (file, names) in [("x.safetensors", ["a", "b"]), ("y.safetensors", ["c"])] {
      try TensorFile.write(
        path: folder + "/" + file,
        tensors: names.map { .init(name: $0, shape: [2], precision: .f16) }
      ) { (_, body) throws(FulcrumError) in try body(([1, 2] as [Float]).span) }
    }
  }

  /// Reads an input to its last value and uses what it gives.
  ///
  /// - Parameter folder: a prepared one; files in it are overwritten.
  /// - Returns: what contradicts itself, which nothing may.
  /// - Throws: what is wrong with the input.
  func run(_ input: [UInt8], in folder: String) throws(FulcrumError) -> String? {
    switch self {
    case .safetensors:
      try Self.write(input, folder + "/model.safetensors")
      return try Self.readTensors(folder)
    case .index:
      try Self.write(input, folder + "/model.safetensors.index.json")
      return try Self.readShards(folder)
    case .gguf:
      try Self.write(input, folder + "/model.gguf")
      return try Self.convert(folder)
    case .tokenizer:
      let parts = Self.halves(input)
      try Self.write(parts.front, folder + "/tokenizer.json")
      return try Self.encode(String(decoding: parts.rest, as: UTF8.self), folder)
    case .config:
      let parts = Self.halves(input)
      try Self.write(parts.front, folder + "/config.json")
      try Self.write(
        parts.rest.isEmpty ? Array("{}".utf8) : parts.rest, folder + "/generation_config.json")
      return try Self.readConfig(folder)
    }
  }

  /// The input before and behind its first NUL, which no JSON has.
  private static func halves(_ input: [UInt8]) -> (front: [UInt8], rest: [UInt8]) {
    let end = input.firstIndex(of: 0) ?? input.endIndex
    return (Array(input[..<end]), Array(input[end...].dropFirst()))
  }

  /// Without a sync: nothing here outlives the process.
  private static func write(_ bytes: [UInt8], _ path: String) throws(FulcrumError) {
    try WritableFile(path: path).write(bytes.span.bytes)
  }

  private static func readTensors(_ folder: String) throws(FulcrumError) -> String? {
    let tensors = try CheckpointTensors(folder: folder)
    let shapes = try TensorFile(path: tensors.path).tensors.mapValues(\.shape)
    guard shapes.count == tensors.names.count else { return "the names are not those of the file" }
    for name in tensors.names {
      try read(tensors, name, shapes[name] ?? [])
    }
    return nil
  }

  private static func readShards(_ folder: String) throws(FulcrumError) -> String? {
    let tensors = try CheckpointTensors(folder: folder)
    for name in tensors.names { try read(tensors, name, [2]) }
    // An index may leave out a whole shard.
    let possible = [["a", "b"], ["c"], ["a", "b", "c"]]
    return possible.contains(tensors.names) ? nil : "the names are not those of the shards"
  }

  private static func read(
    _ tensors: CheckpointTensors, _ name: String, _ shape: [Int]
  ) throws(FulcrumError) {
    _ = try tensors.precision(of: name)
    var values = [Float](repeating: 0, count: shape.reduce(1, *))
    var span = values.mutableSpan
    try tensors.read(name, shape: shape, into: &span)
  }

  private static func convert(_ folder: String) throws(FulcrumError) -> String? {
    let checkpoint = try GGUFCheckpoint(path: folder + "/model.gguf")
    try checkpoint.write(toFolder: folder, precision: .f32)
    guard try ModelShape.read(fromFolder: folder) == checkpoint.shape else {
      return "config.json doesn't say what the metadata says"
    }
    let tensors = try CheckpointTensors(folder: folder)
    guard tensors.names == checkpoint.tensors.map(\.name) else { return "the tensors differ" }
    if let fault = try readTensors(folder) { return fault }
    return try encode("a b\n12 ab", folder)
  }

  private static func encode(_ text: String, _ folder: String) throws(FulcrumError) -> String? {
    let tokenizer = try Tokenizer(folder: folder)
    let tokens = tokenizer.encode(text)
    let all = (0..<tokenizer.vocabularySize).map { Int32($0) }
    do throws(FulcrumError) {
      _ = try tokenizer.decode(tokens + tokenizer.prefixTokens, keepingSpecialTokens: true)
      _ = try tokenizer.decode(all, keepingSpecialTokens: false)
    } catch { return "tokens of its own can't be decoded: \(error.message)" }
    let json = try ReadableFile.json(folder + "/tokenizer.json")
    guard let special = json["added_tokens"]?.elements?.first?["content"]?.text else { return nil }
    try tokenizer.write(toFolder: folder, endToken: special, padToken: special, contextLength: 8)
    do throws(FulcrumError) {
      let again = try Tokenizer(folder: folder)
      guard again.encode(text) == tokens, again.vocabularySize == tokenizer.vocabularySize else {
        return "what was written gives other tokens"
      }
    } catch { return "what was written can't be read: \(error)" }
    return nil
  }

  private static func readConfig(_ folder: String) throws(FulcrumError) -> String? {
    let shape = try ModelShape.read(fromFolder: folder)
    _ = shape.ropeScaling.frequencies(headSize: shape.headSize, theta: shape.ropeTheta)
    try shape.write(toFolder: folder, precision: .bf16)
    do throws(FulcrumError) {
      let again = try ModelShape.read(fromFolder: folder)
      return again == shape ? nil : "\(shape) became \(again)"
    } catch { return "what was written can't be read: \(error)" }
  }
}
