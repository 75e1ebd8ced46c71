import FulcrumKernel
import JSON

extension TensorFile {
  /// Describes a tensor that is to be written.
  package struct Plan: Sendable, Equatable {
    package let name: String
    /// The sizes, row-major; empty for a scalar.
    package let shape: [Int]
    package let precision: TensorPrecision

    package init(name: String, shape: [Int], precision: TensorPrecision) {
      self.name = name
      self.shape = shape
      self.precision = precision
    }
  }

  /// Writes a safetensors file, tensor after tensor in the order given, and syncs it to the disk.
  ///
  /// - Parameters:
  ///   - metadata: texts for the header; `format` is `pt` if not given, since readers ask for it.
  ///   - values: called once a tensor, in order; it hands the tensor's values (row-major, as many
  ///     as the shape says) to `body`, in one call or in consecutive pieces.
  /// - Numerics: F16 and BF16 are rounded to nearest, ties to even.
  /// - Throws: `.usage` for a repeated name or a wrong number of values, `.notFinite` if a value is
  ///   not finite in its tensor's precision, `.inputOutput` if the system fails.
  package static func write(
    path: String, metadata: [String: String] = [:], tensors: [Plan],
    values: (_ index: Int, _ body: (Span<Float>) throws(FulcrumError) -> Void)
      throws(FulcrumError) -> Void
  ) throws(FulcrumError) {
    let header = try encodedHeader(path: path, metadata: metadata, tensors: tensors)
    let file = try WritableFile(path: path)
    try file.write(header.span.bytes)
    for (index, tensor) in tensors.enumerated() {
      var writer = TensorWriter(
        file: file, path: path, name: tensor.name, precision: tensor.precision)
      try values(index) { (span) throws(FulcrumError) in try writer.append(span) }
      let expected = tensor.shape.reduce(1, *)
      guard writer.count == expected else {
        throw FulcrumError(
          .usage,
          "tensor '\(tensor.name)' of shape \(tensor.shape) needs \(expected) values, got"
            + " \(writer.count)", at: path)
      }
    }
    try file.finish()
  }

  private static func encodedHeader(
    path: String, metadata: [String: String], tensors: [Plan]
  ) throws(FulcrumError) -> [UInt8] {
    let texts = metadata.merging(["format": "pt"]) { given, _ in given }
    var members = [
      JSONMember(
        "__metadata__",
        .object(texts.sorted { $0.key < $1.key }.map { JSONMember($0.key, .string($0.value)) }))
    ]
    var names: Set<String> = ["__metadata__"]
    var offset = 0
    for tensor in tensors {
      guard names.insert(tensor.name).inserted else {
        throw FulcrumError(.usage, "the tensor name '\(tensor.name)' is repeated", at: path)
      }
      let element = tensor.precision.element
      let end = offset + tensor.shape.reduce(element.byteCount, *)
      members.append(
        JSONMember(
          tensor.name,
          .object([
            JSONMember("dtype", .string(element.rawValue)),
            JSONMember("shape", .array(tensor.shape.map(JSONValue.integer))),
            JSONMember("data_offsets", .array([.integer(offset), .integer(end)])),
          ])))
      offset = end
    }
    var text = Array(JSONWriter.compact(.object(members)).utf8)
    // The format asks for data aligned to 8 bytes, and allows spaces after the header.
    text += Array(repeating: 0x20, count: (8 - text.count % 8) % 8)
    let length = UInt64(text.count)
    return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + text
  }
}

/// Converts one tensor's values and writes them.
private struct TensorWriter {
  let file: WritableFile
  let path: String
  let name: String
  let precision: TensorPrecision
  private(set) var count = 0

  init(file: WritableFile, path: String, name: String, precision: TensorPrecision) {
    self.file = file
    self.path = path
    self.name = name
    self.precision = precision
  }

  mutating func append(_ values: Span<Float>) throws(FulcrumError) {
    if let index = Finiteness.firstFault(in: values) {
      throw fault(values[index], at: index, "finite values")
    }
    switch precision {
    case .f32:
      try file.write(values.bytes)
    case .bf16:
      try writeHalves(values, infinity: 0x7F80) { HalfPrecision.bfloat16($0) }
    case .f16:
      try writeHalves(values, infinity: 0x7C00) { HalfPrecision.float16($0) }
    }
    count += values.count
  }

  /// - Parameter infinity: the magnitude bits of the format's infinity.
  private func writeHalves(
    _ values: Span<Float>, infinity: UInt16, convert: (Float) -> UInt16
  ) throws(FulcrumError) {
    var piece = [UInt16](repeating: 0, count: min(values.count, TensorFile.pieceLength))
    var start = 0
    while start < values.count {
      let length = min(values.count - start, piece.count)
      for i in 0..<length {
        piece[i] = convert(values[start + i])
        if piece[i] & 0x7FFF == infinity {
          throw fault(
            values[start + i], at: start + i, "values within the range of \(precision.rawValue)")
        }
      }
      try file.write(piece.span.extracting(0..<length).bytes)
      start += length
    }
  }

  private func fault(_ value: Float, at index: Int, _ expected: String) -> FulcrumError {
    FulcrumError(
      .notFinite,
      "tensor '\(name)' holds \(value) at element \(count + index), expected \(expected)", at: path)
  }
}
