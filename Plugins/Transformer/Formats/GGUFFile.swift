import FulcrumKernel

/// Reads a GGUF file of version 2 or 3. Its header is checked when it is opened; its tensors are
/// read on request.
///
/// - Source: the GGUF format, github.com/ggml-org/ggml, docs/gguf.md.
struct GGUFFile: Sendable {
  /// Holds the header's description of a tensor.
  struct Tensor: Sendable {
    /// The sizes, row-major, which is the reverse of the file's order.
    let shape: [Int]
    let element: GGUFElement
    /// The byte offsets in the file.
    let range: Range<Int>
  }

  private let file: ReadableFile
  let metadata: GGUFMetadata
  let tensors: [String: Tensor]

  /// The path, as it was given.
  var path: String { file.path }

  /// Opens a file and checks its header: every tensor has exactly the bytes that its shape needs,
  /// and begins where the one before it ends.
  ///
  /// - Throws: `.notFound` or `.inputOutput` if the file can't be read, `.checkpoint` if its header
  ///   isn't valid, `.unsupported` for another version or another type of tensor.
  init(path: String) throws(FulcrumError) {
    file = try ReadableFile(path: path)
    do throws(FulcrumError) {
      var scanner = GGUFScanner(file)
      try Self.checkVersion(&scanner)
      // A tensor takes at least a name's length, one size, a type and an offset. A value takes at
      // least a key's length, a type and a byte.
      let tensorCount = try scanner.count(ofItems: "tensors", size: 8 + 4 + 8 + 4 + 8)
      let valueCount = try scanner.count(ofItems: "metadata values", size: 8 + 4 + 1)
      metadata = try GGUFMetadata(&scanner, count: valueCount, file: file)
      var entries: [GGUFTensorEntry] = []
      for index in 0..<tensorCount { entries.append(try GGUFTensorEntry(&scanner, index: index)) }
      tensors = try Self.placed(
        entries, headerEnd: scanner.position, fileSize: file.size,
        alignment: try Self.alignment(metadata))
    } catch {
      throw error.within(path)
    }
  }

  private static func checkVersion(_ scanner: inout GGUFScanner) throws(FulcrumError) {
    let magic: UInt32 = try scanner.integer("the magic number")
    // "GGUF", the first letter in the lowest byte.
    guard magic == 0x4655_4747 else {
      throw FulcrumError(
        .checkpoint, "the file begins with 0x\(String(magic, radix: 16)), expected 'GGUF'",
        hint: "this is no GGUF file")
    }
    let version: UInt32 = try scanner.integer("the version")
    guard version == 2 || version == 3 else {
      let isBigEndian = version.byteSwapped <= 3 && version != 0
      throw FulcrumError(
        .unsupported,
        isBigEndian
          ? "the file is big-endian, expected little-endian"
          : "the file has GGUF version \(version), expected 2 or 3",
        hint: "write the file again with a newer converter")
    }
  }

  private static func alignment(_ metadata: GGUFMetadata) throws(FulcrumError) -> Int {
    let key = "general.alignment"
    // The format's default is 32.
    guard metadata[key] != nil else { return 32 }
    let alignment = try metadata.integer(key, in: 8...1 << 20)
    guard alignment.nonzeroBitCount == 1 else {
      throw GGUFScanner.fault("'\(key)' must be a power of two, got \(alignment)")
    }
    return alignment
  }

  private static func placed(
    _ entries: [GGUFTensorEntry], headerEnd: Int, fileSize: Int, alignment: Int
  ) throws(FulcrumError) -> [String: Tensor] {
    let dataStart = aligned(headerEnd, alignment)
    let dataLength = max(0, fileSize - dataStart)
    var tensors: [String: Tensor] = [:]
    var end = 0
    for entry in entries {
      let begin = aligned(end, alignment)
      guard entry.offset == begin else {
        throw GGUFScanner.fault(
          "tensor '\(entry.name)' begins at byte \(entry.offset) of the data, expected \(begin)")
      }
      // No overflow: `begin` is at most the data's length and an alignment.
      guard entry.byteCount <= dataLength - begin else {
        throw GGUFScanner.fault(
          "tensor '\(entry.name)' has \(entry.byteCount) bytes from byte \(begin) of the data,"
            + " which has \(dataLength)")
      }
      end = begin + entry.byteCount
      guard tensors[entry.name] == nil else {
        throw GGUFScanner.fault("the tensor name '\(entry.name)' is repeated")
      }
      tensors[entry.name] = Tensor(
        shape: entry.shape, element: entry.element, range: dataStart + begin..<dataStart + end)
    }
    return tensors
  }

  /// Returns the next multiple of a power of two.
  private static func aligned(_ offset: Int, _ alignment: Int) -> Int {
    (offset + alignment - 1) & ~(alignment - 1)
  }
}

extension GGUFFile {
  /// Reads consecutive elements of a tensor, whole blocks, as floats.
  ///
  /// - Parameter elements: a range of the row-major order, within the tensor.
  /// - Throws: `.checkpoint` if one isn't finite or if the file has been shortened.
  func read(
    _ name: String, _ tensor: Tensor, _ elements: Range<Int>
  ) throws(FulcrumError) -> [Float] {
    let element = tensor.element
    let start =
      tensor.range.lowerBound
      + elements.lowerBound / element.blockLength * element.blockByteCount
    let length = elements.count / element.blockLength * element.blockByteCount
    let blocks = try file.bytes(start..<start + length)
    var values = [Float](repeating: 0, count: elements.count)
    var span = values.mutableSpan
    GGUFDequantization.expand(blocks.span, of: element, into: &span)
    if let index = Finiteness.firstFault(in: values.span) {
      throw FulcrumError(
        .checkpoint,
        "tensor '\(name)' holds \(values[index]) at element \(elements.lowerBound + index),"
          + " expected finite values", at: path, hint: "the file is damaged: fetch it again")
    }
    return values
  }
}
