import Foundation
import SwiftProtobuf
import TensorBoardEvents
import Testing

@Suite struct CRC32CTests {
  // RFC 3720, appendix B.4; the last is the usual check value.
  @Test(
    arguments: [
      ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
      ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
      ([UInt8](0..<32), 0x46DD_794E),
      ([UInt8]((0..<32).reversed()), 0x113F_DB5C),
      ([UInt8]("123456789".utf8), 0xE306_9283),
      ([], 0),
    ] as [([UInt8], UInt32)])
  func `checksums are the published ones`(_ bytes: [UInt8], _ checksum: UInt32) {
    #expect(CRC32C.checksum(bytes) == checksum)
  }

  @Test func `the mask turns by 15 bits and adds its constant`() {
    // 0xE3069283 turned right by 15: 0x2507C60D; plus 0xA282EAD8.
    #expect(CRC32C.masked("123456789".utf8) == 0xC78A_B0E5)
    #expect(CRC32C.masked([]) == 0xA282_EAD8)
  }
}

@Suite struct RecordFileTests {
  /// The file version that TensorFlow writes first, with wall time 0 left out: field 3, 13 bytes.
  private let version = Data([0x1A, 0x0D] + "brain.Event:2".utf8)

  @Test func `a record is length, checksum, data, checksum`() {
    let record = RecordFile.frame(version)
    #expect(record.count == 8 + 4 + 15 + 4)
    #expect(Array(record.prefix(8)) == [15, 0, 0, 0, 0, 0, 0, 0])
    #expect(record[12..<27] == version)
    let sums = [CRC32C.masked(record.prefix(8)), CRC32C.masked(version)].map { sum in
      (0..<4).map { UInt8(truncatingIfNeeded: sum >> (8 * $0)) }
    }
    #expect(Array(record[8..<12]) == sums[0])
    #expect(Array(record[27...]) == sums[1])
  }

  @Test func `a file cut at any byte gives its whole records`() {
    let parts = [version, Data(), Data(repeating: 7, count: 300)]
    let whole = parts.map(RecordFile.frame).reduce(Data(), +)
    let ends = [31, 31 + 16, 31 + 16 + 316]
    #expect(whole.count == ends[2])
    for length in 0...whole.count {
      let records = RecordFile.records(in: whole.prefix(length))
      let count = ends.count { $0 <= length }
      #expect(records.map(\.data) == Array(parts.prefix(count)), "\(length) bytes")
      #expect(records.map(\.end) == Array(ends.prefix(count)), "\(length) bytes")
    }
  }

  @Test func `a flipped bit ends the records before it, wherever it is`() {
    let whole = RecordFile.frame(version) + RecordFile.frame(Data(repeating: 7, count: 40))
    for bit in 0..<8 * whole.count {
      var damaged = whole
      damaged[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(RecordFile.records(in: damaged).count == (bit < 8 * 31 ? 0 : 1), "bit \(bit)")
    }
  }

  @Test func `events have TensorFlow's field numbers`() throws {
    var event = Event()
    event.wallTime = 1
    event.step = 2
    var value = Summary.Value()
    value.tag = "a"
    value.simpleValue = 0
    event.summary.value = [value]
    // 1: double; 2: varint; 5: Summary { 1: Value { 1: "a"; 2: float, also where it is 0 } }
    let bytes: [UInt8] =
      [0x09, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0x10, 2]
      + [0x2A, 10, 0x0A, 8, 0x0A, 1, 0x61, 0x15, 0, 0, 0, 0]
    #expect(try [UInt8](event.serializedData() as Data) == bytes)
  }
}
