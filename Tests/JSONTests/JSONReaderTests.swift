import FulcrumKernel
import JSON
import Testing

@Suite struct JSONReaderTests {
  private func parse(_ text: String, _ options: JSONReader.Options = []) throws -> JSONValue {
    try JSONReader.parse(Array(text.utf8), options: options)
  }

  private func fault(_ body: () throws -> Void) throws -> JSONFault {
    try #require(#expect(throws: JSONFault.self, performing: body))
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
    ("{", "not valid JSON at byte 1: expected a key in double quotes, got the end of the text"),
    ("{\"a\"}", "not valid JSON at byte 4: expected ':', got '}'"),
    ("{\"a\":1 \"b\"", "not valid JSON at byte 7: expected ',' or '}', got '\"'"),
    ("{\"a\":1,}", "not valid JSON at byte 7: expected a key in double quotes, got '}'"),
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
    let error = try fault { _ = try parse(text) }.error(.checkpoint, at: "x.json")
    #expect(error.message == message)
    #expect(error.location == "x.json")
    #expect(error.code == .checkpoint)
  }

  @Test func `bytes that are not UTF-8 are refused`() throws {
    let fault = try fault { _ = try JSONReader.parse([0x22, 0xC3, 0x28, 0x22]) }
    #expect(fault.offset == 0)
    #expect(fault.reason == "expected a string in UTF-8, got '\"'")
  }

  @Test func `nesting is limited`() throws {
    let deepest = String(repeating: "[", count: 65) + String(repeating: "]", count: 65)
    _ = try parse(deepest)
    let fault = try fault { _ = try parse("[" + deepest + "]") }
    #expect(fault.offset == 65)
    #expect(fault.reason == "expected at most 64 levels, got '['")
    // A hostile file may not overflow the stack.
    _ = try self.fault { _ = try parse(String(repeating: "[{\"a\":", count: 1_000_000)) }
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

  @Test(arguments: [
    ("[1,\n 2,\n  x]", 3, 3), ("{\"a\": 1,\n\"é😀\": 2, \"a\": 3}", 2, 10), ("[\r\n", 2, 1),
    ("?", 1, 1),
  ])
  func `a fault has the line and the column that an editor shows`(
    _ text: String, _ line: Int, _ column: Int
  ) throws {
    let fault = try fault { _ = try parse(text) }
    #expect(fault.line == line)
    #expect(fault.column == column)
  }

  @Test func `a key is repeated by its bytes, among few keys and among many`() throws {
    for count in [2, 7, 8, 9, 100] {
      let keys = (0..<count).map { #""k\#($0)": \#($0)"# }
      _ = try parse("{" + keys.joined(separator: ",") + "}")
      for again in [0, count - 1] {
        let text = "{" + (keys + [#""k\#(again)": 1"#]).joined(separator: ",") + "}"
        #expect(try fault { _ = try parse(text) }.cause == .repeatedKey("k\(again)"))
      }
    }
    // Equal to Swift, not to JSON.
    _ = try parse(#"{"\u00e9": 1, "e\u0301": 2}"#)
    #expect(
      try fault { _ = try parse(#"{"a": {"b": 1, "\u0062": 2}}"#) }.cause == .repeatedKey("b"))
  }

  @Test func `numbers keep their digits where that is asked for`() throws {
    #expect(
      try parse("[9223372036854775807, 9223372036854775808]")
        == .array([.integer(.max), .number(9_223_372_036_854_775_808)]))
    let text = "[2.50, -0.1e-7, 1e400, 123456789012345678901234567890, -0, 7]"
    let value = try parse(text, .numerals)
    #expect(
      value
        == .array([
          .numeral("2.50"), .numeral("-0.1e-7"), .numeral("1e400"),
          .numeral("123456789012345678901234567890"), .integer(0), .integer(7),
        ]))
    #expect(value.elements?.first?.double == 2.5)
    #expect(
      JSONWriter.compact(value) == "[2.50,-0.1e-7,1e400,123456789012345678901234567890,0,7]")
  }

  @Test func `numbers that are none are read only for those who ask`() throws {
    let text = #"{"a": NaN, "b": [Infinity, -Infinity]}"#
    #expect(try fault { _ = try parse(text) }.offset == 6)
    let value = try parse(text, .nonFinite)
    #expect(value["a"]?.double?.isNaN == true)
    #expect(value["b"] == .array([.number(.infinity), .number(-.infinity)]))
    for text in ["nan", "Inf", "-NaN", "--Infinity", "+Infinity"] {
      #expect(throws: JSONFault.self) { try parse(text, .nonFinite) }
    }
  }
}
