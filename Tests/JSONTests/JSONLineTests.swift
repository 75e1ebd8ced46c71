import JSON
import Testing

@Suite struct JSONLineTests {
  @Test func `JSON lines escape what must be escaped`() {
    let line = JSONLine([
      ("a\"b", .text("x\\y\n\u{1}é")), ("n", .number(0.1)), ("i", .number(3)),
      ("bad", .number(.nan)), ("list", .list([.flag(true), .number(2)])),
    ])
    #expect(
      line.text == #"{"a\"b": "x\\y\n\u0001é", "n": 0.1, "i": 3, "bad": null, "list": [true, 2]}"#)
  }
}
