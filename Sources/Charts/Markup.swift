/// Text, code or an element that can be written as HTML or SVG.
package protocol Markup {
  func write(to text: inout String)
}

/// Text of any origin is escaped, here and nowhere else.
extension String: Markup {
  package func write(to text: inout String) {
    for scalar in unicodeScalars {
      switch scalar {
      case "&": text += "&amp;"
      case "<": text += "&lt;"
      case ">": text += "&gt;"
      case "\"": text += "&quot;"
      case "'": text += "&#39;"
      case "\t", "\n": text.unicodeScalars.append(scalar)
      // A line break of its own kind would be read as another one.
      case "\r": text += "&#13;"
      // Not allowed in HTML, escaped or not.
      case _
      where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
        || scalar.value & 0xFFFE == 0xFFFE || (0xFDD0...0xFDEF).contains(scalar.value):
        text += "\u{FFFD}"
      default: text.unicodeScalars.append(scalar)
      }
    }
  }
}

/// An element with attributes and children, valid both as HTML5 and as XML.
package struct Element: Markup {
  private static let void: Set<String> = ["meta", "br", "hr", "img", "input", "link"]

  package let name: String
  package var attributes: [(name: String, value: String)]
  package var children: [any Markup]

  package init(
    _ name: String, _ attributes: KeyValuePairs<String, String> = [:],
    _ children: [any Markup] = []
  ) {
    self.name = name
    self.attributes = attributes.map { ($0.key, $0.value) }
    self.children = children
  }

  package func write(to text: inout String) {
    text += "<" + name
    for attribute in attributes {
      text += " " + attribute.name + "=\""
      attribute.value.write(to: &text)
      text += "\""
    }
    if Self.void.contains(name) {
      text += "/>"
      return
    }
    text += ">"
    for child in children { child.write(to: &text) }
    text += "</" + name + ">"
  }

  package var text: String {
    var result = ""
    write(to: &result)
    return result
  }
}

/// Style or script that is part of this program, never of a run; it is written as it is.
package struct OwnCode: Markup {
  let code: String

  package init(_ code: String) { self.code = code }

  package func write(to text: inout String) { text += code }
}
