/// The bytes of a file that nobody vouches for: every read is checked and may give nothing.
struct LittleEndianBytes: Sendable {
  let bytes: [UInt8]

  var count: Int { bytes.count }

  /// Returns the unsigned number of `Value`'s width at a byte offset; `nil` if it doesn't lie inside.
  func read<Value: FixedWidthInteger & UnsignedInteger>(
    _ type: Value.Type = Value.self, at offset: Int
  ) -> Value? {
    let width = Value.bitWidth / 8
    guard contains(offset: offset, length: width) else { return nil }
    var value: Value = 0
    for place in (0..<width).reversed() { value = value << 8 | Value(bytes[offset + place]) }
    return value
  }

  /// Returns the 64-bit number at a byte offset, if it can be an offset or a size itself.
  func readSize(at offset: Int) -> Int? {
    read(UInt64.self, at: offset).flatMap(Int.init(exactly:))
  }

  /// Tells whether so many bytes from an offset on lie inside; never overflows.
  func contains(offset: Int, length: Int) -> Bool {
    offset >= 0 && length >= 0 && offset <= count && length <= count - offset
  }

  /// Returns the text from `offset` to the first NUL before `end`; `nil` if there is none.
  func text(at offset: Int, before end: Int) -> String? {
    guard offset >= 0, offset < end, end <= count,
      let terminator = bytes[offset..<end].firstIndex(of: 0)
    else { return nil }
    return String(decoding: bytes[offset..<terminator], as: UTF8.self)
  }

  /// Tells whether the bytes from `offset` on, all before `end`, start with `prefix`.
  func hasPrefix(_ prefix: [UInt8], at offset: Int, before end: Int) -> Bool {
    guard offset >= 0, end <= count, offset <= end, prefix.count <= end - offset else {
      return false
    }
    return bytes[offset..<offset + prefix.count].elementsEqual(prefix)
  }
}
