/// Holds a JSON document, with its objects' order and its integers kept exact.
///
/// `JSONSerialization` silently drops a repeated key and makes `true` and `1` alike. Nothing that a
/// run is made of may be read that loosely.
package enum JSONValue: Equatable, Sendable {
  case null
  case bool(Bool)
  case integer(Int)
  case number(Double)
  /// A number as it was written, where a double's digits may not be enough (`Options.numerals`).
  case numeral(String)
  case string(String)
  case array([JSONValue])
  case object([JSONMember])

  /// The value of an object's key; nil if there is none or if this is no object.
  package subscript(key: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key == key }?.value
  }

  /// The value of an object's key, where JSON's `null` counts as absent.
  package func present(_ key: String) -> JSONValue? {
    let value = self[key]
    return value == .null ? nil : value
  }

  /// The text of a string; nil for any other value, as in the accessors below.
  package var text: String? {
    if case .string(let text) = self { text } else { nil }
  }

  /// A number written without fraction and exponent.
  package var integer: Int? {
    if case .integer(let integer) = self { integer } else { nil }
  }

  /// A number, written as an integer or not.
  package var double: Double? {
    switch self {
    case .integer(let integer): Double(integer)
    case .number(let number): number
    case .numeral(let text): Double(text)
    default: nil
    }
  }

  /// `true` or `false`.
  package var bool: Bool? {
    if case .bool(let bool) = self { bool } else { nil }
  }

  /// The values of an array.
  package var elements: [JSONValue]? {
    if case .array(let elements) = self { elements } else { nil }
  }

  /// The name of the kind of value that it is, for messages.
  package var kind: String {
    switch self {
    case .null: "null"
    case .bool: "true or false"
    case .integer, .number, .numeral: "a number"
    case .string: "a text"
    case .array: "a list"
    case .object: "an object"
    }
  }

  /// The members of an object, in the order of the text.
  package var members: [JSONMember]? {
    if case .object(let members) = self { members } else { nil }
  }

  /// The value on one line, as an error message quotes it.
  package var excerpt: String {
    let text = JSONWriter.compact(self)
    return text.count <= 60 ? text : text.prefix(57) + "..."
  }
}

/// Holds one key of an object with its value.
package struct JSONMember: Equatable, Sendable {
  package let key: String
  package let value: JSONValue

  /// Makes a member of an object that is to be written.
  package init(_ key: String, _ value: JSONValue) {
    self.key = key
    self.value = value
  }
}
