import Foundation

/// The records of a TFRecord file: for each the length as a little-endian UInt64, the masked CRC-32C
/// of these eight bytes, the data, their masked CRC-32C.
package enum RecordFile {
  private static let head = 12
  private static let tail = 4

  package struct Record {
    package let data: Data
    /// The file's length up to and with this record, in bytes.
    package let end: Int
  }

  /// A record's bytes in the file.
  package static func frame(_ data: Data) -> Data {
    let length = bytes(UInt64(data.count))
    return length + bytes(CRC32C.masked(length)) + data + bytes(CRC32C.masked(data))
  }

  /// The whole records that a file begins with: up to the first that is cut short or whose checksums
  /// don't hold.
  package static func records(in file: Data) -> [Record] {
    var records: [Record] = []
    var place = file.startIndex
    while file.endIndex - place >= head {
      let length = file[place..<place + 8]
      guard number(file[place + 8..<place + head]) == UInt64(CRC32C.masked(length)) else { break }
      let (start, size) = (place + head, number(length))
      let rest = file.endIndex - start - tail
      guard rest >= 0, size <= UInt64(rest) else { break }
      let end = start + Int(size)
      guard number(file[end..<end + tail]) == UInt64(CRC32C.masked(file[start..<end])) else {
        break
      }
      place = end + tail
      records.append(Record(data: file[start..<end], end: place - file.startIndex))
    }
    return records
  }

  private static func bytes(_ number: some FixedWidthInteger) -> Data {
    withUnsafeBytes(of: number.littleEndian) { Data($0) }
  }

  private static func number(_ bytes: Data) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}
