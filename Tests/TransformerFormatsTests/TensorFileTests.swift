import Foundation
import FulcrumKernel
import Testing
import TransformerFormats

struct TensorFileTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func write(
    _ tensors: [(name: String, shape: [Int], values: [Float])], precision: TensorPrecision = .f32,
    metadata: [String: String] = [:]
  ) throws -> String {
    let path = folder.path + "/t.safetensors"
    try TensorFile.write(
      path: path, metadata: metadata,
      tensors: tensors.map { .init(name: $0.name, shape: $0.shape, precision: precision) }
    ) { (index, body) throws(FulcrumError) in
      let values = tensors[index].values
      try body(values.span)
    }
    return path
  }

  private func read(_ path: String, _ name: String, _ shape: [Int]) throws -> [Float] {
    var values = [Float](repeating: .nan, count: shape.reduce(1, *))
    var span = values.mutableSpan
    try TensorFile(path: path).read(name, shape: shape, into: &span)
    return values
  }

  @Test func `a file has exactly the bytes of the format`() throws {
    let path = try write([("b", [2], [1, -2]), ("a", [], [0.5])])
    let header =
      #"{"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"#
      + #""a":{"dtype":"F32","shape":[],"data_offsets":[8,12]}}"#
    #expect(header.utf8.count == 138)
    // 138 is padded to 144 = 0x90; the floats are 1, -2 and 0.5, lowest byte first.
    let expected =
      [0x90, 0, 0, 0, 0, 0, 0, 0] + Array(header.utf8) + Array(repeating: 0x20, count: 6)
      + [0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0, 0, 0, 0, 0x3F]
    #expect(try Array(Data(contentsOf: URL(fileURLWithPath: path))) == expected)
  }

  @Test(arguments: TensorPrecision.allCases)
  func `values with few bits come back exactly`(_ precision: TensorPrecision) throws {
    // Longer than the piece in which halves are converted, and no multiple of it.
    let many = (0..<300_007).map { Float($0 % 255 - 127) * 0.25 }
    let path = try write(
      [("z", [0, 3], []), ("many", [300_007], many), ("m", [2, 2], [1, 2, 3, -4])],
      precision: precision, metadata: ["step": "17"])
    #expect(try read(path, "many", [300_007]) == many)
    #expect(try read(path, "m", [2, 2]) == [1, 2, 3, -4])
    #expect(try read(path, "z", [0, 3]) == [])
    let file = try TensorFile(path: path)
    #expect(file.names == ["m", "many", "z"])
    #expect(file.metadata == ["format": "pt", "step": "17"])
    let tensor = try #require(file.tensors["m"])
    #expect(tensor.shape == [2, 2])
    #expect(tensor.dtype == precision.element)
  }

  @Test func `a tensor may be written in pieces`() throws {
    let path = folder.path + "/p.safetensors"
    try TensorFile.write(
      path: path, tensors: [.init(name: "a", shape: [5], precision: .f16)]
    ) { (_, body) throws(FulcrumError) in
      try body([1, 2].span)
      try body([3, 4, 5].span)
    }
    #expect(try read(path, "a", [5]) == [1, 2, 3, 4, 5])
  }

  @Test func `tensors of one file may differ in precision`() throws {
    let path = folder.path + "/m.safetensors"
    try TensorFile.write(
      path: path,
      tensors: [
        .init(name: "z", shape: [2], precision: .f32),
        .init(name: "b", shape: [3], precision: .bf16),
        .init(name: "a", shape: [1], precision: .f16),
      ]
    ) { (index, body) throws(FulcrumError) in
      let values: [Float] = [[0.1, 2], [1, 2, -3], [0.5]][index]
      try body(values.span)
    }
    let file = try TensorFile(path: path)
    #expect(file.names == ["a", "b", "z"])
    #expect(file.namesInOrder == ["z", "b", "a"])
    #expect(file.tensors.mapValues(\.dtype) == ["z": .f32, "b": .bf16, "a": .f16])
    #expect(try read(path, "z", [2]) == [0.1, 2])
    #expect(try read(path, "b", [3]) == [1, 2, -3])
    #expect(try read(path, "a", [1]) == [0.5])
  }

  @Test func `f32 keeps every bit`() throws {
    let values: [Float] = [0.1, -0.0, .leastNonzeroMagnitude, .greatestFiniteMagnitude]
    let path = try write([("a", [4], values)])
    #expect(try read(path, "a", [4]).map(\.bitPattern) == values.map(\.bitPattern))
  }

  @Test func `what is asked for must be there as asked`() throws {
    let path = try write([("model.norm.weight", [2], [1, 2])])
    let missing = try fault { try read(path, "model.norm.weights", [2]) }
    #expect(missing.line == "[checkpoint] t.safetensors: there is no tensor 'model.norm.weights'")
    #expect(missing.hint == "did you mean 'model.norm.weight'?")
    #expect(
      try fault { try read(path, "model.norm.weight", [2, 1]) }.line
        == "[checkpoint] t.safetensors: tensor 'model.norm.weight' has the shape [2],"
        + " expected [2, 1]")
    var short: [Float] = [0]
    #expect(
      try fault {
        var span = short.mutableSpan
        try TensorFile(path: path).read("model.norm.weight", shape: [2], into: &span)
      }.line
        == "[usage] t.safetensors: tensor 'model.norm.weight' of shape [2] was to be read into 1"
        + " elements")
    #expect(
      try fault { try TensorFile(path: folder.path + "/none") }.line
        == "[not-found] none: can't open the file: No such file or directory")
    #expect(
      try fault { try TensorFile(path: folder.path) }.message
        == "expected a regular file, got a folder or a device")
  }

  @Test(
    arguments: [
      (TensorPrecision.f32, [0, 0, 0, 0, 0, 0, 0x80, 0xFF], "-inf"),
      (.bf16, [0, 0, 0xC0, 0x7F], "nan"),
      (.f16, [0, 0, 0x00, 0x7C], "inf"),
    ] as [(TensorPrecision, [UInt8], String)])
  func `a value that is not finite is refused when read`(
    _ precision: TensorPrecision, _ data: [UInt8], _ value: String
  ) throws {
    let header =
      #"{"w":{"dtype":"\#(precision.element.rawValue)","shape":[2],"data_offsets":[0,"#
      + "\(data.count)]}}"
    let path = try folder.write(
      [UInt8(header.utf8.count), 0, 0, 0, 0, 0, 0, 0] + Array(header.utf8) + data, "n.safetensors")
    #expect(
      try fault { try read(path, "w", [2]) }.line
        == "[checkpoint] n.safetensors: tensor 'w' holds \(value) at element 1,"
        + " expected finite values")
  }

  @Test func `integers are no weights`() throws {
    let header = #"{"w":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}"#
    let path = try folder.write(
      [UInt8(header.utf8.count), 0, 0, 0, 0, 0, 0, 0] + Array(header.utf8)
        + Array(repeating: 0, count: 8), "i.safetensors")
    #expect(
      try fault { try read(path, "w", [1]) }.line
        == "[checkpoint] i.safetensors: tensor 'w' has the dtype I64, expected F32, F16 or BF16")
  }

  @Test func `what could not be read again is not written`() throws {
    #expect(
      try fault { try write([("w", [2], [1, .nan])]) }.line
        == "[not-finite] t.safetensors: tensor 'w' holds nan at element 1, expected finite values")
    #expect(
      try fault { try write([("w", [1], [65520])], precision: .f16) }.line
        == "[not-finite] t.safetensors: tensor 'w' holds 65520.0 at element 0, expected values"
        + " within the range of f16")
    #expect(
      try fault { try write([("w", [1], [.greatestFiniteMagnitude])], precision: .bf16) }.message
        == "tensor 'w' holds 3.4028235e+38 at element 0, expected values within the range of bf16")
    #expect(
      try fault { try write([("w", [3], [1])]) }.line
        == "[usage] t.safetensors: tensor 'w' of shape [3] needs 3 values, got 1")
    #expect(
      try fault { try write([("w", [1], [1]), ("w", [1], [1])]) }.message
        == "the tensor name 'w' is repeated")
    #expect(
      try fault {
        try TensorFile.write(path: folder.path + "/no/t", tensors: []) {
          (_, _) throws(FulcrumError) in
        }
      }.line == "[input-output] t: can't create the file: No such file or directory")
  }

  @Test func `a file that is shortened while it is open gives an error`() throws {
    let path = try write([("w", [4], [1, 2, 3, 4])])
    let file = try TensorFile(path: path)
    let handle = try #require(FileHandle(forUpdatingAtPath: path))
    let size = try handle.seekToEnd()
    try handle.truncate(atOffset: size - 4)
    try handle.close()
    var values = [Float](repeating: 0, count: 4)
    #expect(
      try fault {
        var span = values.mutableSpan
        try file.read("w", shape: [4], into: &span)
      }.line
        == "[checkpoint] t.safetensors: the file ends at byte \(size - 4), expected 4 bytes more")
  }
}
