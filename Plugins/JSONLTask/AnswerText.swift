import Foundation
import JSON

/// Holds a field as an answer or a category: a text, a number without a digit lost, a list or an object as
/// JSON. Of a list with one text or number it is that.
struct AnswerText {
  /// The field as text; `nil` if it is something else, which `phrase` describes.
  let text: String?
  /// Describes the field, for messages.
  let phrase: String
  /// Whether the text is the JSON of a list or an object.
  var isStructure = false

  /// - Parameter value: of a reader that keeps digits (`JSONReader.Options.numerals`).
  init(_ value: JSONValue) {
    switch value {
    case .string(let text): (self.text, phrase) = (text, value.kind)
    case .integer(let integer): (text, phrase) = ("\(integer)", value.kind)
    case .numeral(let digits):
      // Avoids a double: a rounded answer would be wrong without a warning.
      guard let number = Decimal(string: digits) else {
        (text, phrase) = (nil, "a number out of range")
        return
      }
      // A decimal without exponent and trailing zeros: 1e2 is `100`.
      (text, phrase) =
        number.isExact
        ? (number.description, value.kind) : (nil, "a number of more than 37 digits")
    case .array(let elements) where elements.count == 1:
      let only = AnswerText(elements[0])
      (text, phrase) = (only.text, "a list of \(only.phrase)")
    case .array, .object:
      (text, phrase) = (JSONWriter.compact(value), value.kind)
      isStructure = true
    default: (text, phrase) = (nil, value.kind)
    }
  }
}

extension Decimal {
  /// Whether no digit was lost in reading, except digits after 38 others that end in zeros.
  fileprivate var isExact: Bool {
    // A rounded number fills all 38 digits, unless its last digits are zeros: then it is large.
    significand.description.count < 38
      && magnitude < Decimal(sign: .plus, exponent: 37, significand: 1)
  }
}
