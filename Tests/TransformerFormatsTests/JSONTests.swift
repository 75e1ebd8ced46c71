import FulcrumKernel
import Testing
import TransformerFormats

struct JSONTests {
  private func parse(_ text: String) throws -> JSONValue {
    try JSONReader.parse(Array(text.utf8), at: "x.json")
  }

  @Test func `a document keeps its order and tells integers from numbers`() throws {
    #expect(
      try parse(" {\"b\" : -1,\n\"a\":[1.0, 2e-1 ,true,false,null,\"x\",[],{}]}\t")
        == .object([
          JSONMember("b", .integer(-1)),
          JSONMember(
            "a",
            .array([
              .number(1), .number(0.2), .bool(true), .bool(false), .null, .string("x"), .array([]),
              .object([]),
            ])),
        ]))
  }

  @Test func `escapes and surrogate pairs become their characters`() throws {
    #expect(
      try parse(#""\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00z""#)
        == .string("\"\\/\u{8}\u{c}\n\r\tA\u{e9}\u{1F600}z"))
  }

  @Test(arguments: [
    ("", "not valid JSON at byte 0: expected a value, got the end of the text"),
    ("{", "not valid JSON at byte 1: expected a key in quotes, got the end of the text"),
    ("{\"a\"}", "not valid JSON at byte 4: expected ':', got '}'"),
    ("{\"a\":1 \"b\"", "not valid JSON at byte 7: expected ',' or '}', got '\"'"),
    ("{\"a\":1,}", "not valid JSON at byte 7: expected a key in quotes, got '}'"),
    ("{\"a\":1,\"a\":2}", "the key 'a' is repeated at byte 7"),
    ("[1,]", "not valid JSON at byte 3: expected a value, got ']'"),
    ("[1 2]", "not valid JSON at byte 3: expected ',' or ']', got '2'"),
    ("1 2", "not valid JSON at byte 2: expected the end of the text, got '2'"),
    ("-", "not valid JSON at byte 1: expected a digit, got the end of the text"),
    ("01", "not valid JSON at byte 1: expected the end of the text, got '1'"),
    ("1.", "not valid JSON at byte 2: expected a digit, got the end of the text"),
    ("1e+", "not valid JSON at byte 3: expected a digit, got the end of the text"),
    ("1e999", "not valid JSON at byte 0: expected a number within the range of a double, got '1'"),
    ("nul", "not valid JSON at byte 3: expected 'null', got the end of the text"),
    ("NaN", "not valid JSON at byte 0: expected a value, got 'N'"),
    ("\"a", "not valid JSON at byte 2: expected '\"', got the end of the text"),
    (
      "\"\n\"",
      "not valid JSON at byte 1: expected an escape for a control character, got the byte 0xa"
    ),
    ("\"\\x\"", "not valid JSON at byte 2: expected an escape, got 'x'"),
    ("\"\\u12g4\"", "not valid JSON at byte 5: expected four hexadecimal digits, got 'g'"),
    (
      "\"\\ud800\"",
      "not valid JSON at byte 3: expected a Unicode scalar, not half of a surrogate pair, got 'd'"
    ),
    (
      "\"\\udc00\"",
      "not valid JSON at byte 3: expected a Unicode scalar, not half of a surrogate pair, got 'd'"
    ),
  ])
  func `text that is not JSON is refused with its place`(_ text: String, _ message: String) throws {
    let error = try fault { try parse(text) }
    #expect(error.message == message)
    #expect(error.location == "x.json")
    #expect(error.code == .checkpoint)
  }

  @Test func `bytes that are not UTF-8 are refused`() throws {
    let error = try fault { try JSONReader.parse([0x22, 0xC3, 0x28, 0x22], at: "x.json") }
    #expect(
      error.message == "not valid JSON at byte 0: expected a string in UTF-8, got '\"'")
  }

  @Test func `nesting is limited`() throws {
    let deepest = String(repeating: "[", count: 65) + String(repeating: "]", count: 65)
    _ = try parse(deepest)
    let error = try fault { try parse("[" + deepest + "]") }
    #expect(error.message == "not valid JSON at byte 65: expected at most 64 levels, got '['")
    // A hostile file may not overflow the stack.
    _ = try fault { try parse(String(repeating: "[{\"a\":", count: 1_000_000)) }
  }

  @Test func `what is written reads back`() throws {
    let value = JSONValue.object([
      JSONMember("\"quoted\"\\\u{1}\u{1f}\n\té😀", .array([.integer(.min), .number(1e-5)])),
      JSONMember("empty", .object([])),
      JSONMember("none", .array([])),
    ])
    #expect(try parse(JSONWriter.compact(value)) == value)
    #expect(try parse(JSONWriter.indented(value)) == value)
    #expect(
      JSONWriter.indented(.object([JSONMember("a", .array([.null, .bool(true)]))]))
        == "{\n  \"a\": [\n    null,\n    true\n  ]\n}\n")
  }

  @Test func `a string of escapes is read in time that grows with its length`() throws {
    let text = "\"" + String(repeating: "\\n", count: 2_000_000) + "\""
    var value = JSONValue.null
    let time = try ContinuousClock().measure { value = try parse(text) }
    #expect(value == .string(String(repeating: "\n", count: 2_000_000)))
    // A fraction of a second; a copy of the string for each escape took minutes.
    #expect(time < .seconds(20))
  }
}
