import FulcrumKernel
import Testing
import TransformerFormats

/// One file or several shards: what is read, and what is refused by file and tensor.
struct CheckpointTensorsTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private static let first = "model-00001-of-00002.safetensors"
  private static let second = "model-00002-of-00002.safetensors"

  /// Writes a file of tensors of two elements each.
  private func write(_ name: String, _ tensors: [(name: String, values: [Float])]) throws {
    try TensorFile.write(
      path: folder.path + "/" + name, metadata: ["from": name],
      tensors: tensors.map { .init(name: $0.name, shape: [2], precision: .bf16) }
    ) { (index, body) throws(FulcrumError) in
      let values = tensors[index].values
      try body(values.span)
    }
  }

  private func writeShards() throws {
    try write(Self.first, [("b", [1, 2]), ("a", [3, 4])])
    try write(Self.second, [("c", [5, 6])])
  }

  private func writeIndex(_ map: [(String, String)]) throws {
    let entries = map.map { "\"\($0.0)\": \"\($0.1)\"" }.joined(separator: ", ")
    try folder.write(
      #"{"metadata": {"total_size": 12}, "weight_map": {\#(entries)}}"#,
      "model.safetensors.index.json")
  }

  private func open() throws -> CheckpointTensors { try CheckpointTensors(folder: folder.path) }

  private func read(_ checkpoint: CheckpointTensors, _ name: String) throws -> [Float] {
    var values: [Float] = [0, 0]
    var span = values.mutableSpan
    try checkpoint.read(name, shape: [2], into: &span)
    return values
  }

  private let whole = [("a", first), ("b", first), ("c", second)]

  @Test func `shards are read as one checkpoint`() throws {
    try writeShards()
    try writeIndex(whole)
    let checkpoint = try open()
    #expect(checkpoint.names == ["b", "a", "c"])
    #expect(checkpoint.metadata == ["format": "pt", "from": Self.first])
    #expect(try read(checkpoint, "a") == [3, 4])
    #expect(try read(checkpoint, "b") == [1, 2])
    #expect(try read(checkpoint, "c") == [5, 6])
    #expect(try checkpoint.precision(of: "c") == .bf16)
    #expect(
      try fault { try checkpoint.precision(of: "d") }.line
        == "[checkpoint] model.safetensors.index.json: there is no tensor 'd'")
  }

  @Test func `a single file goes before an index`() throws {
    try writeShards()
    try writeIndex(whole)
    try write("model.safetensors", [("only", [7, 8])])
    #expect(try open().names == ["only"])
  }

  @Test func `an empty folder says what is missing`() throws {
    let error = try fault { try open() }
    #expect(error.code == .notFound)
    #expect(error.location == folder.path)
    #expect(
      error.message == "there is neither model.safetensors nor model.safetensors.index.json")
  }

  @Test func `a missing shard is named with a tensor of it`() throws {
    try write(Self.first, [("b", [1, 2]), ("a", [3, 4])])
    try writeIndex(whole)
    #expect(
      try fault { try open() }.line
        == "[checkpoint] model.safetensors.index.json: there is no shard '\(Self.second)', which"
        + " should hold 'c'")
  }

  @Test func `a tensor that its shard doesn't hold is named`() throws {
    try writeShards()
    try writeIndex(whole + [("d", Self.second)])
    #expect(
      try fault { try open() }.line
        == "[checkpoint] \(Self.second): there is no tensor 'd', which"
        + " model.safetensors.index.json places here")
  }

  @Test func `a tensor that the index doesn't name, or places elsewhere, is named`() throws {
    try writeShards()
    try writeIndex([("b", Self.first), ("c", Self.second)])
    #expect(
      try fault { try open() }.line
        == "[checkpoint] \(Self.first): tensor 'a' is here, but model.safetensors.index.json"
        + " doesn't name it")
    try writeIndex([("a", Self.second), ("b", Self.first), ("c", Self.second)])
    #expect(
      try fault { try open() }.line
        == "[checkpoint] \(Self.first): tensor 'a' is here, but model.safetensors.index.json"
        + " places it in '\(Self.second)'")
  }

  @Test func `a tensor in two shards is named`() throws {
    try writeShards()
    try write(Self.second, [("c", [5, 6]), ("a", [3, 4])])
    try writeIndex(whole)
    #expect(
      try fault { try open() }.line
        == "[checkpoint] \(Self.second): tensor 'a' is in '\(Self.first)' too")
  }

  @Test func `an index that is none, or leads elsewhere, is refused`() throws {
    try folder.write("{}", "model.safetensors.index.json")
    #expect(
      try fault { try open() }.line
        == "[checkpoint] model.safetensors.index.json: expected an object of file names as"
        + " weight_map, got nothing")
    try writeIndex([("a", "../other.safetensors")])
    #expect(
      try fault { try open() }.line
        == "[checkpoint] model.safetensors.index.json: expected a file name for tensor 'a', got"
        + " \"../other.safetensors\"")
    for name in [
      "..", "x.bin", "", #"x\u0000.safetensors"#,
      String(repeating: "x", count: 244) + ".safetensors",
    ] {
      try writeIndex([("a", name)])
      #expect(
        try fault { try open() }.line.hasPrefix(
          "[checkpoint] model.safetensors.index.json: expected a file name for tensor 'a', got \""))
    }
    try folder.write(
      #"{"weight_map": {"a": "x.safetensors", "a": "y.safetensors"}}"#,
      "model.safetensors.index.json")
    #expect(try fault { try open() }.message.hasPrefix("the key 'a' is repeated"))
  }

  @Test func `missing and further tensors are refused by name and file`() throws {
    try writeShards()
    try writeIndex(whole)
    let checkpoint = try open()
    func require(
      _ names: [String], shape: [Int] = [2], isOptional: (String) -> Bool = { _ in false }
    ) throws {
      try checkpoint.require(names.map { ($0, shape) }, isOptional: isOptional)
    }
    try require(["c", "b", "a"])
    try require(["a", "b"]) { $0 == "c" }
    #expect(
      try fault { try require(["a", "b", "c", "e"]) }.line
        == "[checkpoint] model.safetensors.index.json: there is no tensor 'e'")
    // Seen before anybody has taken memory for it.
    #expect(
      try fault { try require(["a"], shape: [1 << 40]) }.line
        == "[checkpoint] \(Self.first): tensor 'a' has the shape [2], expected [1099511627776]")
    #expect(
      try fault { try require(["a", "b"]) }.line
        == "[checkpoint] \(Self.second): tensor 'c' belongs to no part of the model")
  }
}
