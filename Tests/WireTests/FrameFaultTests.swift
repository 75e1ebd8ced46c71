import Testing
import Wire

/// What is no frame, and the sentence that says so.
@Suite("faults of frames") struct FrameFaultTests {
  /// Bytes that are no frame, with what is said of them.
  struct Case: Sendable, CustomTestStringConvertible {
    let bytes: [UInt8]
    let fault: String
    var testDescription: String { fault }

    init(_ bytes: [UInt8], _ fault: String) {
      self.bytes = bytes
      self.fault = fault
    }
  }

  private static let deep =
    #"{"a":"# + String(repeating: "[", count: 30_000) + String(repeating: "]", count: 30_000) + "}"

  static let prefixes = [
    Case(
      framed("{}", magic: "GET "), "expected a frame, which begins with 'FLCM', got other bytes"),
    Case(framed("{}", version: 2), "expected a frame of version 1, got 2"),
    Case(framed("{}", operation: 0), "expected an operation from 1 to 6, got 0"),
    Case(framed("{}", operation: 7), "expected an operation from 1 to 6, got 7"),
    Case(
      framed("{}", headerSize: 65_537), "expected a header of at most 65536 bytes, got 65537"),
    Case(
      framed("{}", headerSize: .max), "expected a header of at most 65536 bytes, got 4294967295"),
    Case(
      framed("{}", payloadSize: 1 << 30 + 1),
      "expected arrays of at most 1073741824 bytes, got 1073741825"),
    Case(
      framed("{}", payloadSize: .max),
      "expected arrays of at most 1073741824 bytes, got 18446744073709551615"),
  ]

  static let headers = [
    Case(
      framed(""),
      "expected a header in JSON, got what is none: expected a value, got the end of the text"),
    Case(
      framed("{"),
      "expected a header in JSON, got what is none: expected a key in double quotes, got the end of the text"
    ),
    Case(
      framed("{} x"),
      "expected a header in JSON, got what is none: expected the end of the text, got 'x'"),
    Case(
      framed(#"{"a":NaN}"#),
      "expected a header in JSON, got what is none: expected a value, got 'N'"),
    Case(
      framed(#"{"a":1e999}"#),
      "expected a header in JSON, got what is none: expected a number within the range of a double,"
        + " got '1'"),
    Case(
      framed(#"{"a":1,"a":1}"#),
      "expected a header in JSON, got what is none: the key 'a' is repeated"),
    Case(
      framed(deep),
      "expected a header in JSON, got what is none: expected at most 64 levels, got '['"),
    Case(
      framed([0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D]),
      "expected a header in JSON, got what is none: expected a string in UTF-8, got '\"'"),
    Case(
      framed(#"{"a":"\ud800"}"#),
      "expected a header in JSON, got what is none: expected a Unicode scalar, not half of a surrogate"
        + " pair, got 'd'"),
    Case(framed("[]"), "expected an object as header, got a list"),
    Case(framed("7"), "expected an object as header, got a number"),
  ]

  static let arrays = [
    Case(framed(#"{"arrays":{}}"#), "expected a list of arrays, got an object"),
    Case(framed(#"{"arrays":null}"#), "expected a list of arrays, got null"),
    Case(
      framed(listing("3")),
      "expected arrays with names of their own, of at most 64 characters, got none"),
    Case(
      framed(listing(#"{"name":3,"type":"u8","shape":[]}"#)),
      "expected arrays with names of their own, of at most 64 characters, got 3"),
    Case(
      framed(
        listing(#"{"name":"x","type":"u8","shape":[0]},{"name":"x","type":"u8","shape":[0]}"#)),
      #"expected arrays with names of their own, of at most 64 characters, got "x""#),
    Case(
      framed(
        listing(
          #"{"name":""# + String(repeating: "n", count: 65) + #"","type":"u8","shape":[0]}"#)),
      "expected arrays with names of their own, of at most 64 characters, got \""
        + String(repeating: "n", count: 56) + "..."),
    Case(
      framed(listing(#"{"name":"x","type":"f16","shape":[0]}"#)),
      #"expected one of u8, i32, i64, u32, u64, f32, f64 as type of 'x', got "f16""#),
    Case(
      framed(listing(#"{"name":"x","shape":[0]}"#)),
      "expected one of u8, i32, i64, u32, u64, f32, f64 as type of 'x', got none"),
    Case(
      framed(listing(#"{"name":"x","type":"u8"}"#)),
      "expected a shape of at most 8 numbers for 'x', got none"),
    Case(
      framed(listing(#"{"name":"x","type":"u8","shape":[1,1,1,1,1,1,1,1,1]}"#)),
      "expected a shape of at most 8 numbers for 'x', got [1,1,1,1,1,1,1,1,1]"),
    Case(
      framed(listing(#"{"name":"x","type":"u8","shape":[-1]}"#)),
      "expected a shape for 'x', got [-1]"),
    Case(
      framed(listing(#"{"name":"x","type":"u8","shape":[0,-1]}"#)),
      "expected a shape for 'x', got [0,-1]"),
    Case(
      framed(listing(#"{"name":"x","type":"u8","shape":[1.5]}"#)),
      "expected a shape for 'x', got [1.5]"),
    Case(
      framed(listing(#"{"name":"x","type":"u8","shape":[true]}"#)),
      "expected a shape for 'x', got [true]"),
    Case(
      framed(listing(#"{"name":"x","type":"u8","shape":[4294967296,4294967296]}"#)),
      "expected a shape for 'x', got [4294967296,4294967296]"),
    Case(
      framed(listing(#"{"name":"x","type":"f64","shape":[9223372036854775807]}"#)),
      "expected a shape for 'x', got [9223372036854775807]"),
    Case(
      framed(listing(#"{"name":"x","type":"u8","shape":[18446744073709551617]}"#)),
      "expected a shape for 'x', got [1.8446744073709552e+19]"),
    Case(
      framed(listing(#"{"name":"x","type":"f32","shape":[3]}"#), payload: [0, 0, 0, 0]),
      "expected 16 bytes of arrays, got 4"),
    Case(framed("{}", payload: [0, 0, 0, 0]), "expected 0 bytes of arrays, got 4"),
    Case(
      framed(
        listing(
          (0..<20).map { #"{"name":"x\#($0)","type":"u8","shape":[281474976710656]}"# }.joined(
            separator: ","))),
      "expected 5629499534213120 bytes of arrays, got 0"),
    Case(
      framed(
        listing(#"{"name":"x","type":"u8","shape":[3]}"#), payload: [1, 2, 3, 0, 0, 0, 0, 9]),
      "expected zeros behind the array 'x', got other bytes"),
  ]

  @Test("what is no frame is told, whatever the chunks", arguments: prefixes + headers + arrays)
  func faults(case wrong: Case) {
    let reading = Reading(wrong.bytes)
    #expect(reading.fault == wrong.fault)
    #expect(reading.frames.isEmpty)
    #expect(Reading(wrong.bytes) { 1 } == reading)
  }

  @Test("a lying payload is told before a byte of it comes", arguments: [8, 1 << 29] as [UInt64])
  func lyingLength(size: UInt64) {
    let reading = Reading(
      framed(listing(#"{"name":"x","type":"u8","shape":[1]}"#), payloadSize: size + 8))
    #expect(reading.fault == "expected 8 bytes of arrays, got \(size + 8)")
  }

  @Test("a connection's own limit holds")
  func limit() throws {
    let bytes = try WireFrame(.reply, sequence: 1, arrays: [("x", WireArray([1, 2] as [Int]))])
      .encoded()
    #expect(Reading(bytes, limit: 16).frames.count == 1)
    #expect(Reading(bytes, limit: 15).fault == "expected arrays of at most 15 bytes, got 16")
    #expect(Reading(bytes, limit: 0).fault == "expected arrays of at most 0 bytes, got 16")
  }

  @Test("what is announced takes no memory: 1 GiB, of which ten bytes come")
  func memory() {
    let bytes = framed(
      listing(#"{"name":"x","type":"u8","shape":[1073741824]}"#),
      payload: Array(repeating: 1, count: 10), payloadSize: 1 << 30)
    for reading in [Reading(bytes), Reading(bytes) { 1 }] {
      #expect(reading.isCut && reading.fault == nil)
      #expect(reading.capacity < 1 << 20)
    }
  }
}
