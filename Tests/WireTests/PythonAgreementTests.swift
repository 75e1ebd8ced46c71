import Foundation
import JSON
import Testing
import Wire

/// Swift and Python write the same bytes: both test suites have these frames.
@Suite("agreement with Python") struct PythonAgreementTests {
  @Test("each frame of the fixture has its bytes, and is read from them")
  func fixture() throws {
    let path = repository + "/Tests/Fixtures/wire/frames.json"
    let document = try JSONReader.parse(Array(Data(contentsOf: URL(fileURLWithPath: path))))
    let cases = try #require(document.elements)
    #expect(cases.count == 7)
    for value in cases {
      let frame = try Self.frame(value)
      let bytes = try Self.bytes(value["frame"])
      #expect(try frame.encoded() == bytes, "\(value.excerpt)")
      #expect(Reading(bytes).frames == [frame])
    }
  }

  private static func frame(_ value: JSONValue) throws -> WireFrame {
    let number = try #require(value["operation"]?.integer)
    let arrays = try #require(value["arrays"]?.elements).map { array in
      (
        name: try #require(array["name"]?.text),
        array: WireArray(
          try #require(array["type"]?.text.flatMap { WireArray.Element(rawValue: $0) }),
          shape: try #require(array["shape"]?.elements).compactMap(\.integer),
          bytes: try bytes(array["bytes"]))
      )
    }
    return WireFrame(
      try #require(WireFrame.Operation(rawValue: UInt16(number))),
      sequence: UInt32(try #require(value["sequence"]?.integer)),
      header: try #require(value["header"]?.members), arrays: arrays)
  }

  private static func bytes(_ value: JSONValue?) throws -> [UInt8] {
    let digits = Array(try #require(value?.text).utf8)
    return try stride(from: 0, to: digits.count, by: 2).map {
      try #require(UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16))
    }
  }
}
