import FulcrumKernel
import JSON

/// Reads the header of a safetensors file: eight bytes of length, then JSON, then the data.
///
/// - Source: the safetensors format, github.com/huggingface/safetensors, README "Format".
struct TensorHeader: Sendable {
  /// The format's own limit of the header's length, in bytes.
  static let lengthLimit = 100_000_000

  /// Holds the place of a tensor.
  struct Entry: Sendable {
    let shape: [Int]
    let dtype: TensorElement
    /// The byte offsets in the file.
    let range: Range<Int>
  }

  private(set) var entries: [String: Entry] = [:]
  private(set) var metadata: [String: String] = [:]

  /// Reads and checks the header: every tensor has a known type and exactly the bytes that its
  /// shape needs, and the tensors fill the data without a hole or an overlap.
  ///
  /// - Throws: `.checkpoint` naming the file and the tensor.
  init(of file: ReadableFile) throws(FulcrumError) {
    guard file.size >= 8 else {
      throw Self.fault(
        "expected at least 8 bytes of a safetensors file, got \(file.size)", file.path)
    }
    var length: UInt64 = 0
    for byte in try file.bytes(0..<8).reversed() { length = length << 8 | UInt64(byte) }
    guard length <= Self.lengthLimit else {
      throw Self.fault(
        "the header is said to be \(length) bytes long, expected at most \(Self.lengthLimit)",
        file.path)
    }
    let dataStart = 8 + Int(length)
    guard dataStart <= file.size else {
      throw Self.fault(
        "the header is said to be \(length) bytes long, the file has \(file.size - 8) after its"
          + " length", file.path)
    }
    let json = try JSONReader.parse(file.bytes(8..<dataStart), at: file.path)
    guard let members = json.members else {
      throw Self.fault("expected a JSON object as header, got \(json.excerpt)", file.path)
    }
    do throws(FulcrumError) {
      for member in members {
        if member.key == "__metadata__" {
          try readMetadata(member.value)
        } else {
          entries[member.key] = try Self.entry(
            member.key, member.value, dataStart: dataStart, dataLength: file.size - dataStart)
        }
      }
      try checkCover(dataStart: dataStart, fileSize: file.size)
    } catch {
      throw error.within(file.path)
    }
  }

  private static func fault(_ message: String, _ location: String? = nil) -> FulcrumError {
    FulcrumError(
      .checkpoint, message, at: location,
      hint: "the file is damaged or incomplete: fetch or write it again")
  }

  private mutating func readMetadata(_ value: JSONValue) throws(FulcrumError) {
    guard let members = value.members else {
      throw Self.fault("expected an object of texts as __metadata__, got \(value.excerpt)")
    }
    for member in members {
      guard let text = member.value.text else {
        throw Self.fault(
          "expected a text as __metadata__ '\(member.key)', got \(member.value.excerpt)")
      }
      metadata[member.key] = text
    }
  }

  private static func entry(
    _ name: String, _ value: JSONValue, dataStart: Int, dataLength: Int
  ) throws(FulcrumError) -> Entry {
    guard let dtypeName = value["dtype"]?.text else {
      throw fault("tensor '\(name)' has no dtype")
    }
    guard let dtype = TensorElement(rawValue: dtypeName) else {
      throw fault("tensor '\(name)' has the unknown dtype '\(dtypeName)'")
    }
    guard let sizes = value["shape"]?.elements else {
      throw fault("tensor '\(name)' has no shape")
    }
    var shape: [Int] = []
    var byteCount = dtype.byteCount
    for size in sizes {
      guard let size = size.integer, size >= 0 else {
        throw fault("tensor '\(name)' has the size \(size.excerpt) in its shape")
      }
      shape.append(size)
      let product = byteCount.multipliedReportingOverflow(by: size)
      guard !product.overflow else {
        throw fault("tensor '\(name)' has a shape too large to address")
      }
      byteCount = product.partialValue
    }
    guard let offsets = value["data_offsets"]?.elements, offsets.count == 2,
      let begin = offsets[0].integer, let end = offsets[1].integer, begin >= 0, begin <= end
    else {
      let got = value["data_offsets"]?.excerpt ?? "none"
      throw fault("tensor '\(name)' has no valid data_offsets: got \(got)")
    }
    guard end <= dataLength else {
      throw fault("tensor '\(name)' ends at byte \(end) of the data, which has \(dataLength)")
    }
    guard end - begin == byteCount else {
      throw fault(
        "tensor '\(name)' of shape \(shape) and dtype \(dtypeName) needs \(byteCount) bytes,"
          + " its data_offsets give \(end - begin)")
    }
    return Entry(shape: shape, dtype: dtype, range: dataStart + begin..<dataStart + end)
  }

  private func checkCover(dataStart: Int, fileSize: Int) throws(FulcrumError) {
    let ordered = entries.sorted {
      ($0.value.range.lowerBound, $0.value.range.upperBound, $0.key)
        < ($1.value.range.lowerBound, $1.value.range.upperBound, $1.key)
    }
    var covered = dataStart
    for (name, entry) in ordered {
      let begin = entry.range.lowerBound
      guard begin >= covered else {
        throw Self.fault(
          "tensor '\(name)' begins at byte \(begin - dataStart) of the data, inside another tensor"
            + " that ends at \(covered - dataStart)")
      }
      guard begin == covered else {
        throw Self.fault(
          "bytes \(covered - dataStart) to \(begin - dataStart) of the data, before tensor"
            + " '\(name)', belong to no tensor")
      }
      covered = entry.range.upperBound
    }
    guard covered == fileSize else {
      throw Self.fault(
        "the tensors end at byte \(covered - dataStart) of the data, which has"
          + " \(fileSize - dataStart)")
    }
  }
}
