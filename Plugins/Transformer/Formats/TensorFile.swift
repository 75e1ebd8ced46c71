import FulcrumKernel

/// Reads a safetensors file. Its header is checked when it is opened; its tensors are read on
/// request.
package struct TensorFile: Sendable {
  /// Holds the header's description of a tensor.
  package struct Tensor: Sendable, Equatable {
    /// The sizes, row-major; empty for a scalar.
    package let shape: [Int]
    /// The element type in the file.
    package let dtype: TensorElement
  }

  private let file: ReadableFile
  private let header: TensorHeader

  /// The path, as it was given.
  package var path: String { file.path }

  /// The file's own texts; files for PyTorch have `format`: `pt`.
  package var metadata: [String: String] { header.metadata }

  /// The file's tensors, by name.
  package var tensors: [String: Tensor] {
    header.entries.mapValues { Tensor(shape: $0.shape, dtype: $0.dtype) }
  }

  /// The tensors' names, sorted.
  package var names: [String] { header.entries.keys.sorted() }

  /// The tensors' names in the order of their data.
  package var namesInOrder: [String] {
    header.entries.sorted {
      ($0.value.range.lowerBound, $0.value.range.upperBound, $0.key)
        < ($1.value.range.lowerBound, $1.value.range.upperBound, $1.key)
    }.map(\.key)
  }

  /// Opens a file and checks its header.
  ///
  /// - Throws: `.notFound` or `.inputOutput` if the file can't be read, `.checkpoint` if its header
  ///   isn't valid.
  /// - Complexity: O(header); the data is not touched.
  package init(path: String) throws(FulcrumError) {
    file = try ReadableFile(path: path)
    header = try TensorHeader(of: file)
  }

  /// Reads a tensor, converted to float.
  ///
  /// - Shape: `values` has as many elements as `shape`, row-major.
  /// - Numerics: exact for F32, F16 and BF16.
  /// - Throws: `.checkpoint` if the tensor is missing, has another shape or another kind of dtype,
  ///   or holds a value that isn't finite.
  package func read(
    _ name: String, shape: [Int], into values: inout MutableSpan<Float>
  ) throws(FulcrumError) {
    let entry = try require(name, shape: shape)
    guard values.count == shape.reduce(1, *) else {
      throw FulcrumError(
        .usage,
        "tensor '\(name)' of shape \(shape) was to be read into \(values.count) elements",
        at: file.path)
    }
    try values.withUnsafeMutableBufferPointer { (buffer) throws(FulcrumError) in
      switch entry.dtype {
      case .f32:
        try file.read(into: UnsafeMutableRawBufferPointer(buffer), at: entry.range.lowerBound)
      case .f16:
        try readHalves(entry, into: buffer) { HalfPrecision.float(float16: $0) }
      case .bf16:
        try readHalves(entry, into: buffer) { HalfPrecision.float(bfloat16: $0) }
      default:
        throw noWeights(name)
      }
    }
    if let index = Finiteness.firstFault(in: values.span) {
      throw FulcrumError(
        .checkpoint,
        "tensor '\(name)' holds \(values[index]) at element \(index), expected finite values",
        at: file.path, hint: "the training that wrote it had diverged: use an earlier checkpoint")
    }
  }

  /// Returns a tensor that must be there in this shape.
  ///
  /// - Throws: `.checkpoint` if it is missing or has another shape.
  @discardableResult
  func require(_ name: String, shape: [Int]) throws(FulcrumError) -> TensorHeader.Entry {
    guard let entry = header.entries[name] else {
      throw FulcrumError(
        .checkpoint, "there is no tensor '\(name)'", at: file.path,
        hint: NearNames.hint(for: name, among: names))
    }
    guard entry.shape == shape else {
      throw FulcrumError(
        .checkpoint, "tensor '\(name)' has the shape \(entry.shape), expected \(shape)",
        at: file.path, hint: "the checkpoint's config.json is of another model")
    }
    return entry
  }

  /// Returns the error for a tensor of integers or of a precision that isn't read.
  func noWeights(_ name: String) -> FulcrumError {
    FulcrumError(
      .checkpoint,
      "tensor '\(name)' has the dtype \(header.entries[name]?.dtype.rawValue ?? "nothing"),"
        + " expected F32, F16 or BF16", at: file.path,
      hint: "convert the checkpoint to one of these types first")
  }

  /// The length of the pieces in which a tensor is converted: big enough for the disk, small enough
  /// for the cache.
  static let pieceLength = 1 << 18

  private func readHalves(
    _ entry: TensorHeader.Entry, into values: UnsafeMutableBufferPointer<Float>,
    convert: (UInt16) -> Float
  ) throws(FulcrumError) {
    var piece = [UInt16](repeating: 0, count: min(values.count, Self.pieceLength))
    var start = 0
    while start < values.count {
      let count = min(values.count - start, piece.count)
      var span = piece.mutableSpan
      try span.withUnsafeMutableBytes { (bytes) throws(FulcrumError) in
        try file.read(
          into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<(2 * count)]),
          at: entry.range.lowerBound + 2 * start)
      }
      for i in 0..<count { values[start + i] = convert(piece[i]) }
      start += count
    }
  }
}

/// Finds infinities and NaNs.
enum Finiteness {
  /// Returns the index of the first value that isn't finite; nil if all are.
  static func firstFault(in values: Span<Float>) -> Int? {
    // This loop is vectorised because it has no branch; the place of a fault is looked for only if
    // there is one.
    var largest: UInt32 = 0
    for i in 0..<values.count {
      largest = max(largest, values[unchecked: i].bitPattern & 0x7FFF_FFFF)
    }
    guard largest >= Float.infinity.bitPattern else { return nil }
    return (0..<values.count).first { !values[$0].isFinite }
  }
}
