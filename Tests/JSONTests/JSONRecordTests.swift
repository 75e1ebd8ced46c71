import Foundation
import FulcrumKernel
import JSON
import Testing

@Suite struct JSONRecordTests {
  private struct Sample: Codable, Equatable {
    enum Kind: String, Codable { case good, bad }
    struct Part: Codable, Equatable {
      var name: String
      var value: Float?
    }
    var id: Int
    var share: Double
    var kind: Kind
    var isOpen: Bool
    var parts: [Part]
    var table: [String: Int8]
    var missing: Double?
  }

  private enum Message: Codable, Equatable {
    case begin(Int)
    case end(Int, note: String?)
    case done
  }

  private func decode<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
    try JSONRecord.decode(type, from: Array(text.utf8))
  }

  private func reason(_ text: String) throws -> String {
    let error = #expect(throws: JSONRecord.Fault.self) { try decode(Sample.self, text) }
    return try #require(error).reason
  }

  private let text = """
    {"id": 7.0, "share": 1, "kind": "bad", "isOpen": true, "table": {"a": -128},
     "parts": [{"name": "x", "value": 0.1}, {"name": "y", "value": null}, {"name": "z"}]}
    """

  @Test func `a value is what its Codable form says`() throws {
    #expect(
      try decode(Sample.self, text)
        == Sample(
          id: 7, share: 1, kind: .bad, isOpen: true,
          parts: [.init(name: "x", value: 0.1), .init(name: "y"), .init(name: "z")],
          table: ["a": -128]))
  }

  @Test func `what Foundation writes is read back to the same value`() throws {
    let messages: [Message] = [.begin(3), .end(4, note: "x"), .end(5, note: nil), .done]
    let data = try JSONEncoder().encode(messages)
    #expect(try JSONRecord.decode([Message].self, from: [UInt8](data)) == messages)
    var bits: UInt32 = 1
    let floats = (0..<10_000).map { _ in
      bits = bits &* 1_664_525 &+ 1_013_904_223
      return Float(bitPattern: bits)
    }.filter(\.isFinite)
    let text = try JSONEncoder().encode(floats)
    #expect(
      try JSONRecord.decode([Float].self, from: [UInt8](text)).map(\.bitPattern)
        == floats.map(\.bitPattern))
  }

  @Test func `a float is the nearest to the digits, not to the nearest double`() throws {
    // Just above the middle between two floats, in which a double rounds it.
    let digits = "1.00000005960464477539062500000000000001"
    #expect(try decode([Float].self, "[\(digits)]") == [Float(digits)!])
    #expect(Float(digits)! != Float(Double(digits)!))
  }

  @Test(arguments: [
    (#""id": 7.0"#, #""id": 7.5"#, "id: expected a whole number of 64 bits, got 7.5"),
    (#""id": 7.0"#, #""id": "7""#, "id: expected a whole number, got another kind of value"),
    (#""id": 7.0, "#, "", #"expected a value under "id", got nothing"#),
    (#""share": 1"#, #""share": 1e400"#, "share: expected a number of 64 bits, got 1e400"),
    (#""value": 0.1"#, #""value": 1e39"#, "parts[0].value: expected a number of 32 bits, got 1e39"),
    (#""name": "y""#, #""name": 3"#, "parts[1].name: expected a text, got another kind of value"),
    (
      #""isOpen": true"#, #""isOpen": 1"#,
      "isOpen: expected true or false, got another kind of value"
    ),
    (
      #""isOpen": true"#, #""isOpen": null"#,
      "isOpen: expected true or false, got another kind of value"
    ),
    ("-128", "-129", "table.a: expected a whole number of 8 bits, got -129"),
    (#""id""#, #""share": 2, "id""#, "the key 'share' is repeated"),
  ])
  func `another form is named by its path`(_ old: String, _ new: String, _ reason: String) throws {
    #expect(try self.reason(text.replacingOccurrences(of: old, with: new)) == reason)
  }
}
