/// Writes JSON text in UTF-8.
package enum JSONWriter {
  /// Returns the value on one line, without spaces.
  package static func compact(_ value: JSONValue) -> String {
    var text = ""
    append(value, to: &text, indent: nil)
    return text
  }

  /// Returns the value with one member a line, two spaces a level, with a line end after the value.
  package static func indented(_ value: JSONValue) -> String {
    var text = ""
    append(value, to: &text, indent: 0)
    return text + "\n"
  }

  private static func append(_ value: JSONValue, to text: inout String, indent: Int?) {
    switch value {
    case .null: text += "null"
    case .bool(let bool): text += bool ? "true" : "false"
    case .integer(let integer): text += String(integer)
    // Swift prints the shortest digits that give the same double back.
    case .number(let number): text += String(number)
    case .numeral(let numeral): text += numeral
    case .string(let string): append(quoting: string, to: &text)
    case .array(let elements):
      append(elements, "[", "]", to: &text, indent: indent) { element, inner, text in
        append(element, to: &text, indent: inner)
      }
    case .object(let members):
      append(members, "{", "}", to: &text, indent: indent) { member, inner, text in
        append(quoting: member.key, to: &text)
        text += inner == nil ? ":" : ": "
        append(member.value, to: &text, indent: inner)
      }
    }
  }

  /// Returns a string in quotes, with escapes where it needs them.
  static func quoted(_ string: String) -> String {
    var text = ""
    append(quoting: string, to: &text)
    return text
  }

  private static func append<Item>(
    _ items: [Item], _ opening: String, _ closing: String, to text: inout String, indent: Int?,
    item: (Item, Int?, inout String) -> Void
  ) {
    text += opening
    let inner = indent.map { $0 + 1 }
    for (index, element) in items.enumerated() {
      if index > 0 { text += "," }
      startLine(inner, &text)
      item(element, inner, &text)
    }
    if !items.isEmpty { startLine(indent, &text) }
    text += closing
  }

  private static func startLine(_ indent: Int?, _ text: inout String) {
    if let indent { text += "\n" + String(repeating: "  ", count: indent) }
  }

  private static func append(quoting string: String, to text: inout String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case "\0"..<" ":
        let code = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - code.count) + code
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}
