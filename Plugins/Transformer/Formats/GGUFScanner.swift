import FulcrumKernel

/// Reads the header of a GGUF file from front to back and never past the file's end.
///
/// A count or a length is used only after it has been compared with the rest of the file.
struct GGUFScanner {
  private let file: ReadableFile
  /// The offset of the next byte.
  private(set) var position: Int
  private var window: [UInt8] = []
  private var windowStart = 0

  /// The size of a window: with it a vocabulary of a megabyte takes few reads.
  private static let windowLength = 1 << 16

  init(_ file: ReadableFile, from position: Int = 0) {
    self.file = file
    self.position = position
  }

  /// The number of bytes up to the end of the file.
  var remaining: Int { file.size - position }

  static func fault(_ message: String) -> FulcrumError {
    FulcrumError(
      .checkpoint, message, hint: "the file is damaged or incomplete: fetch or write it again")
  }

  /// Skips bytes.
  ///
  /// - Throws: `.checkpoint` if the file has fewer.
  mutating func skip(_ count: Int, _ what: @autoclosure () -> String) throws(FulcrumError) {
    guard count <= remaining else {
      throw Self.fault(
        "the file ends at byte \(file.size), but \(what()) begins at byte \(position) and has"
          + " \(count) bytes")
    }
    position += count
  }

  private mutating func take(
    _ count: Int, _ what: @autoclosure () -> String
  ) throws(FulcrumError) -> ArraySlice<UInt8> {
    let start = position
    try skip(count, what())
    if start < windowStart || position > windowStart + window.count {
      window = try file.bytes(start..<min(file.size, start + max(count, Self.windowLength)))
      windowStart = start
    }
    return window[start - windowStart..<position - windowStart]
  }

  /// Reads a little-endian number.
  mutating func integer<Value: FixedWidthInteger>(
    _ what: @autoclosure () -> String
  ) throws(FulcrumError) -> Value {
    var value: Value = 0
    for byte in try take(Value.bitWidth / 8, what()).reversed() {
      value = value << 8 | Value(truncatingIfNeeded: byte)
    }
    return value
  }

  /// Reads the length of a text, which lies within the file.
  mutating func textLength(
    atMost limit: Int, _ what: @autoclosure () -> String
  ) throws(FulcrumError) -> Int {
    let length: UInt64 = try integer("the length of \(what())")
    guard length <= limit else {
      throw Self.fault(
        "\(what()) is said to be \(length) bytes long, expected at most \(limit)")
    }
    return Int(length)
  }

  /// Reads a length and as many bytes of UTF-8.
  mutating func text(
    atMost limit: Int, _ what: @autoclosure () -> String
  ) throws(FulcrumError) -> String {
    let length = try textLength(atMost: limit, what())
    let bytes = try take(length, what())
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Self.fault("\(what()) is not valid UTF-8")
    }
    return text
  }

  /// Reads the number of items that follow, each of which takes at least `size` bytes.
  mutating func count(
    ofItems items: String, size: Int
  ) throws(FulcrumError) -> Int {
    let count: UInt64 = try integer("the number of \(items)")
    guard count <= remaining / size else {
      throw Self.fault(
        "the number of \(items) is said to be \(count), but only \(remaining) bytes are left for"
          + " them")
    }
    return Int(count)
  }
}
