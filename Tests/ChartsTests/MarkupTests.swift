import Charts
import Testing

@Suite struct MarkupTests {
  @Test func `texts and attributes are escaped, also what HTML forbids altogether`() {
    let element = Element(
      "p", ["title": "\"a' <b>"], ["<script>alert(1)</script> & \u{0}\u{1B}\u{85}\u{FFFF}\r\n"])
    #expect(
      element.text
        == "<p title=\"&quot;a&#39; &lt;b&gt;\">&lt;script&gt;alert(1)&lt;/script&gt; &amp;"
        + " \u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}&#13;\n</p>")
  }

  @Test func `elements without content are closed at once, others never`() {
    #expect(Element("br").text == "<br/>")
    #expect(Element("div").text == "<div></div>")
  }
}
