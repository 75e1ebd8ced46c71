import JSON
import Testing
import Wire

/// What a frame's bytes are, and that they are read whatever the chunks.
@Suite("frames") struct FrameTests {
  private static let frame = WireFrame(
    .call, sequence: 7, header: [JSONMember("call", .string("score"))],
    arrays: [("tokens", WireArray([1, 2, 3] as [Int32])), ("flags", WireArray([true, false]))])

  @Test("a frame has the bytes worked by hand")
  func golden() throws {
    let frame = WireFrame(
      .event, sequence: 0x0102_0304, header: [JSONMember("a", .integer(1))],
      arrays: [("x", WireArray(text: "abc")), ("y", WireArray([1.5] as [Float]))])
    let header =
      #"{"a":1,"arrays":[{"name":"x","type":"u8","shape":[3]},"#
      + #"{"name":"y","type":"f32","shape":[1]}]}"#
    var expected: [UInt8] = [0x46, 0x4C, 0x43, 0x4D, 1, 0, 5, 0, 4, 3, 2, 1]
    expected += [UInt8(header.utf8.count), 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0]
    expected += Array(header.utf8) + [0x61, 0x62, 0x63, 0, 0, 0, 0, 0]
    // 1.5 is 1.1 in binary, its exponent 127.
    expected += [0, 0, 0xC0, 0x3F, 0, 0, 0, 0]
    #expect(try frame.encoded() == expected)
    #expect(Reading(expected).frames == [frame])
  }

  @Test("frames are read as they were written, whatever the chunks", arguments: 1...40)
  func chunks(size: Int) throws {
    let empty = WireFrame(.hello, sequence: .max)
    let bytes = try Self.frame.encoded() + empty.encoded() + Self.frame.encoded()
    let reading = Reading(bytes) { size }
    #expect(reading.frames == [Self.frame, empty, Self.frame])
    #expect(!reading.isCut && reading.fault == nil)
  }

  @Test("a stream that is cut anywhere gives no frame, and is known to be cut")
  func cuts() throws {
    let bytes = try Self.frame.encoded()
    for count in 1..<bytes.count {
      let reading = Reading(Array(bytes.prefix(count)))
      #expect(reading.frames.isEmpty && reading.isCut && reading.fault == nil, "\(count)")
    }
    #expect(!Reading([]).isCut)
  }

  @Test("a reader never asks for bytes of the next frame")
  func missing() throws {
    var reader = FrameReader()
    #expect(reader.missing == WireFrame.prefixSize)
    let bytes = try Self.frame.encoded()
    let header = Int(bytes[12])
    _ = try reader.add(bytes[..<24])
    #expect(reader.missing == header)
    _ = try reader.add(bytes[24..<24 + header])
    #expect(reader.missing == 24)
    #expect(try reader.add(bytes[(24 + header)...]) == Self.frame)
    #expect(reader.missing == WireFrame.prefixSize)
  }

  @Test("every operation and the greatest sequence come through")
  func operations() throws {
    for number in 1...6 as ClosedRange<UInt16> {
      let operation = try #require(WireFrame.Operation(rawValue: number))
      let frame = WireFrame(operation, sequence: .max)
      #expect(Reading(try frame.encoded()).frames == [frame])
    }
  }

  @Test("a header may be as long as a header may be, and no longer")
  func longHeaders() throws {
    // The braces, the key, the colon and the quotes.
    let room = WireFrame.longestHeader - #"{"t":""}"#.utf8.count
    func frame(_ count: Int) -> WireFrame {
      WireFrame(
        .reply, sequence: 1,
        header: [JSONMember("t", .string(String(repeating: "x", count: count)))])
    }
    #expect(Reading(try frame(room).encoded()).frames == [frame(room)])
    #expect(throws: WireFault("expected a header of at most 65536 bytes, got 65537")) {
      try frame(room + 1).encoded()
    }
  }

  @Test("a number that JSON hasn't is not sent", arguments: [Double.nan, .infinity])
  func notFinite(number: Double) {
    for value in [JSONValue.number(number), .array([.object([JSONMember("b", .number(number))])])] {
      #expect(throws: WireFault("expected finite numbers in a header, got others")) {
        try WireFrame(.call, sequence: 1, header: [JSONMember("a", value)]).encoded()
      }
    }
  }
}
