import Foundation

/// A value of a line, as far as this task looks into it.
///
/// Numbers are `Decimal`, which keeps digits that a `Double` would round: a rounded answer would be
/// wrong without a word.
enum JSONField: Decodable {
  case text(String)
  case number(Decimal)
  case flag
  case null
  case list
  case object
  /// Half of a surrogate pair, or a number beyond `Decimal`.
  case unreadable

  /// Never throws: what can't be read is a case of its own.
  init(from decoder: any Decoder) throws {
    if let value = try? decoder.singleValueContainer(), let scalar = Self(scalar: value) {
      self = scalar
    } else if (try? decoder.unkeyedContainer()) != nil {
      self = .list
    } else if (try? decoder.container(keyedBy: AnyKey.self)) != nil {
      self = .object
    } else {
      self = .unreadable
    }
  }

  private init?(scalar value: any SingleValueDecodingContainer) {
    if value.decodeNil() {
      self = .null
    } else if let text = try? value.decode(String.self) {
      self = .text(text)
    } else if (try? value.decode(Bool.self)) != nil {
      self = .flag
    } else if let number = try? value.decode(Decimal.self) {
      self = .number(number)
    } else {
      return nil
    }
  }

  /// For messages.
  var phrase: String {
    switch self {
    case .text: "a text"
    case .number(let number): number.isExact ? "a number" : "a number of more than 37 digits"
    case .flag: "true or false"
    case .null: "null"
    case .list: "a list"
    case .object: "an object"
    case .unreadable: "a value that can't be read"
    }
  }
}

/// Only asks whether a value has keys.
private struct AnyKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }
  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}

extension Decimal {
  /// Whether no digit was lost in reading, but for those behind 38 others that end in zeros.
  var isExact: Bool {
    // What is rounded fills all 38 digits, unless its last ones are zeros: then it is large.
    significand.description.count < 38
      && magnitude < Decimal(sign: .plus, exponent: 37, significand: 1)
  }
}
