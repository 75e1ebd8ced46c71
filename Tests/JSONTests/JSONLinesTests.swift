import Foundation
import JSON
import Testing

@Suite struct JSONLinesTests {
  private func lines(_ text: String, unfinished: Bool = true) -> [String] {
    JSONLines(Array(text.utf8), leavesOutUnfinished: !unfinished).map {
      "\($0.number) " + String(decoding: $0.bytes, as: UTF8.self)
    }
  }

  @Test func `lines have the numbers that an editor shows`() {
    #expect(lines("\n{}\n \t\r\n[]\r\n1") == ["2 {}", "4 []\r", "5 1"])
    #expect(lines("\u{FEFF}{}\n\u{FEFF}{}") == ["1 {}", "2 \u{FEFF}{}"])
    #expect(lines("").isEmpty)
    #expect(JSONLines([0x31]).first { _ in true }?.place(in: "a") == "a:1")
    // These end lines elsewhere, not here.
    #expect(lines("a\u{2028}b\u{85}c\u{0B}") == ["1 a\u{2028}b\u{85}c\u{0B}"])
  }

  @Test func `a last line without an end is left out where somebody may be writing it`() {
    #expect(lines("{}\n{\"a\"", unfinished: false) == ["1 {}"])
    #expect(lines("{}\n", unfinished: false) == ["1 {}"])
    #expect(lines("{}", unfinished: false).isEmpty)
    #expect(lines("", unfinished: false).isEmpty)
  }

  /// Each file of `Tests/Fixtures/jsonl` with what its first line that isn't read is told.
  @Test(arguments: [
    ("comment", "1:1 expected a value, got '/'"),
    ("single-quotes", "1:2 expected a key in double quotes, got '''"),
    ("pretty", "1:2 expected a key in double quotes, got the end of the text"),
    ("repeated-key", "2:30 the key 'prompt' is repeated"),
    (
      "lone-surrogate",
      "1:16 expected a Unicode scalar, not half of a surrogate pair, got 'd'"
    ),
    ("deep", "1:101 expected at most 64 levels, got '['"),
    ("mark-inside", "3:1 expected a value, got a byte-order mark"),
    ("not-a-number", "2:12 expected a value, got 'N'"),
    ("sound", "none"),
  ])
  func `hostile lines are refused with their places`(_ name: String, _ expected: String) throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Fixtures/jsonl/\(name).jsonl")
    var told = "none"
    for line in JSONLines([UInt8](try Data(contentsOf: file))) where told == "none" {
      do throws(JSONFault) {
        _ = try JSONReader.parse(line.bytes, options: .numerals)
      } catch {
        told = "\(line.number):\(error.column) \(error.reason)"
      }
    }
    #expect(told == expected)
  }
}
