import JSON
import Testing
import Wire

/// The numbers that travel.
@Suite("arrays") struct ArrayTests {
  @Test("numbers come back as they went, to the bit")
  func values() throws {
    let floats: [Float] = [
      0, -0.0, .infinity, .leastNonzeroMagnitude, .greatestFiniteMagnitude, -1.5,
    ]
    let back = try WireArray(floats).floats()
    #expect(back.map(\.bitPattern) == floats.map(\.bitPattern))
    #expect(try WireArray([Float.nan]).floats()[0].isNaN)
    #expect(try WireArray([Int32.min, -1, .max]).int32s() == [.min, -1, .max])
    #expect(try WireArray([Int.min, -1, .max]).integers() == [.min, -1, .max])
    #expect(try WireArray([true, false, true]).flags() == [true, false, true])
    #expect(try WireArray(text: "é🜁\0").text() == "é🜁\0")
    #expect(WireArray([UInt32.max]).bytes == [255, 255, 255, 255])
    let doubles = WireArray(.f64, shape: [1], bytes: [0, 0, 0, 0, 0, 0, 0xF0, 0xBF])
    #expect(try doubles.doubles() == [-1])
  }

  @Test("arrays of all types and shapes come through a frame")
  func shapes() throws {
    var arrays: [(name: String, array: WireArray)] = []
    for element in WireArray.Element.allCases {
      for shape in [[], [0], [3], [2, 3], [0, 5, 7], [1, 1, 1, 1, 1, 1, 1, 2]] {
        let count = shape.reduce(1, *) * element.size
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37 + shape.count) }
        arrays.append(
          ("\(element.rawValue) \(shape)", WireArray(element, shape: shape, bytes: bytes)))
      }
    }
    let frame = WireFrame(.reply, sequence: 1, arrays: arrays)
    #expect(Reading(try frame.encoded()).frames == [frame])
  }

  @Test("an extent may be huge where another is zero")
  func zeroSized() throws {
    let reading = Reading(
      framed(listing(#"{"name":"x","type":"f64","shape":[0,4611686018427387904,8]}"#)))
    let array = try #require(reading.frames.first).array("x")
    #expect(array.shape == [0, 4_611_686_018_427_387_904, 8] && array.count == 0)
    #expect(try array.doubles() == [])
  }

  @Test("a wrong type is told")
  func types() {
    let array = WireArray([1] as [Int32])
    #expect(throws: WireFault("expected numbers of type f32, got i32")) { try array.floats() }
    #expect(throws: WireFault("expected numbers of type f64, got i32")) { try array.doubles() }
    #expect(throws: WireFault("expected numbers of type i64, got i32")) { try array.integers() }
    #expect(throws: WireFault("expected numbers of type u8, got i32")) { try array.flags() }
    #expect(throws: WireFault("expected numbers of type u8, got i32")) { try array.text() }
    #expect(throws: WireFault("expected numbers of type i32, got u8")) {
      try WireArray(text: "a").int32s()
    }
  }

  @Test("a text that is none is told")
  func text() {
    #expect(throws: WireFault("expected a text in UTF-8, got other bytes")) {
      try WireArray(.u8, shape: [2], bytes: [0x61, 0xC3]).text()
    }
  }

  @Test("an array that is not there is told")
  func absent() {
    #expect(throws: WireFault("expected an array 'tokens', got none")) {
      try WireFrame(.reply, sequence: 1).array("tokens")
    }
  }

  @Test("names in two spellings of one text are two names")
  func names() throws {
    // é as one scalar and as two.
    let frame = WireFrame(
      .reply, sequence: 1,
      arrays: [("\u{e9}", WireArray([1] as [Int])), ("e\u{301}", WireArray([2] as [Int]))])
    #expect(Reading(try frame.encoded()).frames.first?.arrays.count == 2)
    let long = String(repeating: "\u{e9}", count: 64)
    let longest = WireFrame(.reply, sequence: 1, arrays: [(long, WireArray([1] as [Int]))])
    #expect(Reading(try longest.encoded()).frames == [longest])
  }
}
