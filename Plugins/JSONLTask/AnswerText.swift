import Foundation
import JSON

/// A field as an answer or a category: a text, or a number without a digit lost.
struct AnswerText {
  /// `nil`: the field is something else, `phrase`.
  let text: String?
  /// What the field is, for messages.
  let phrase: String

  /// - Parameter value: of a reader that keeps digits (`JSONReader.Options.numerals`).
  init(_ value: JSONValue) {
    switch value {
    case .string(let text): (self.text, phrase) = (text, value.kind)
    case .integer(let integer): (text, phrase) = ("\(integer)", value.kind)
    case .numeral(let digits):
      // Not by way of a double: a rounded answer would be wrong without a word.
      guard let number = Decimal(string: digits) else {
        (text, phrase) = (nil, "a value that can't be read")
        return
      }
      // A decimal without exponent and trailing zeros: 1e2 is `100`.
      (text, phrase) =
        number.isExact
        ? (number.description, value.kind) : (nil, "a number of more than 37 digits")
    default: (text, phrase) = (nil, value.kind)
    }
  }
}

extension Decimal {
  /// Whether no digit was lost in reading, but for those behind 38 others that end in zeros.
  fileprivate var isExact: Bool {
    // What is rounded fills all 38 digits, unless its last ones are zeros: then it is large.
    significand.description.count < 38
      && magnitude < Decimal(sign: .plus, exponent: 37, significand: 1)
  }
}
