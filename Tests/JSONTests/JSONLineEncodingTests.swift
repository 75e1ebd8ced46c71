import Foundation
import JSON
import Testing

/// Records are written by the description by which they are read.
@Suite struct JSONLineEncodingTests {
  private func read(_ text: String) throws -> Nested {
    try JSONDecoder().decode(Nested.self, from: Data(text.utf8))
  }

  private struct Nested: Codable, Equatable {
    struct Part: Codable, Equatable {
      var z: Float
      var a: [[Int]]
    }

    var name: String
    var isOn: Bool
    var part: Part
    var parts: [Part]
    var missing: Int?
    @NaNAsNull var matrix: [[Double]]
  }

  @Test func `keys are in the record's order, whatever is nested`() throws {
    let part = Nested.Part(z: 0.5, a: [[1, 2], []])
    let record = Nested(
      name: "\u{1}\"é", isOn: true, part: part, parts: [part, part], missing: nil,
      matrix: [[1, -0.5], []])
    let inner = #"{"z": 0.5, "a": [[1, 2], []]}"#
    let text = JSONLine(record).text
    #expect(
      text == #"{"name": "\u0001\"é", "isOn": true, "part": \#(inner), "#
        + #""parts": [\#(inner), \#(inner)], "matrix": [[1, -0.5], []]}"#)
    #expect(try read(text) == record)
  }

  @Test func `numbers that are none are null, and come back as none`() throws {
    var record = Nested(
      name: "", isOn: false, part: .init(z: 0, a: []), parts: [], matrix: [[.nan, 1], [.infinity]])
    record = try read(JSONLine(record).text)
    #expect(record.matrix[0][0].isNaN)
    #expect(record.matrix[0][1] == 1)
    #expect(record.matrix[1][0].isNaN)
  }

  @Test func `rounding keeps so many digits`() {
    #expect(JSONLine.rounded(123456, digits: 4) == 123500)
    #expect(JSONLine.rounded(-0.00012345, digits: 2) == -0.00012)
    #expect(JSONLine.rounded(0, digits: 4) == 0)
    #expect(JSONLine.rounded(.nan, digits: 4).isNaN)
    // The scale would be beyond all numbers.
    #expect(JSONLine.rounded(5e-324, digits: 4) == 5e-324)
  }
}
