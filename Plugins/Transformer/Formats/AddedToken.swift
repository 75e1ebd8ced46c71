import JSON

/// A token that is found in a text as a whole, before the text is cut into pieces.
package struct AddedToken: Sendable, Equatable {
  /// Its text, which is not empty.
  package let text: String
  /// Its number in the vocabulary.
  package let id: Int32
  /// Whether `decode` leaves it out unless asked for it; an added token that isn't special stays.
  package var isSpecial = false
  /// Whether it is found only where no letter, digit or underscore stands directly beside it.
  package var isSingleWord = false
  /// Whether it takes the white space before it with it.
  package var stripsLeft = false
  /// Whether it takes the white space after it with it.
  package var stripsRight = false
  /// Whether it is looked for in the normalized text, in its normalized form, instead of in the
  /// text as it is.
  package var isNormalized = false
  /// Whether the model's vocabulary lists it too, where merges may use it like any other token.
  package var isInModel = false
}

extension AddedToken {
  /// The text by which it is found in a text; the library decodes it to this too.
  func soughtText(_ normalizer: TextNormalizer) -> String {
    isNormalized ? normalizer.normalized(text) : text
  }

  /// The token as an entry of `added_tokens` in `tokenizer.json`.
  var document: JSONValue {
    .object([
      JSONMember("id", .integer(Int(id))),
      JSONMember("content", .string(text)),
      JSONMember("single_word", .bool(isSingleWord)),
      JSONMember("lstrip", .bool(stripsLeft)),
      JSONMember("rstrip", .bool(stripsRight)),
      JSONMember("normalized", .bool(isNormalized)),
      JSONMember("special", .bool(isSpecial)),
    ])
  }
}
