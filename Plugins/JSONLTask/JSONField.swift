import Foundation
import FulcrumKernel

/// A value of a line, as far as this task looks into it.
///
/// Numbers are `Decimal`, which keeps digits that a `Double` would round: a rounded answer would be
/// wrong without a word.
enum JSONField: Decodable {
  case text(String)
  case number(Decimal)
  case flag(Bool)
  case null
  case list([JSONField])
  case object([String: JSONField])
  /// Half of a surrogate pair, or a number beyond `Decimal`.
  case unreadable

  /// Never throws: what can't be read is a case of its own.
  init(from decoder: any Decoder) throws {
    if let value = try? decoder.singleValueContainer(), let scalar = Self(scalar: value) {
      self = scalar
    } else if let values = try? [JSONField](from: decoder) {
      self = .list(values)
    } else if let values = try? [String: JSONField](from: decoder) {
      self = .object(values)
    } else {
      self = .unreadable
    }
  }

  private init?(scalar value: any SingleValueDecodingContainer) {
    if value.decodeNil() {
      self = .null
    } else if let text = try? value.decode(String.self) {
      self = .text(text)
    } else if let flag = try? value.decode(Bool.self) {
      self = .flag(flag)
    } else if let number = try? value.decode(Decimal.self) {
      self = .number(number)
    } else {
      return nil
    }
  }

  /// For reward functions; `nil` if it, or something in it, can't be read.
  var value: FieldValue? {
    switch self {
    case .text(let text): return .text(text)
    case .number(let number):
      // Whole numbers are written without a fraction: the conversion fails for others.
      if let whole = Int(number.description) { return .integer(whole) }
      return Double(number.description).map { .number($0) }
    case .flag(let flag): return .flag(flag)
    case .null: return .null
    case .list(let fields):
      let values = fields.compactMap(\.value)
      return values.count == fields.count ? .list(values) : nil
    case .object(let fields):
      let values = fields.compactMapValues(\.value)
      return values.count == fields.count ? .object(values) : nil
    case .unreadable: return nil
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

extension Decimal {
  /// Whether no digit was lost in reading, but for those behind 38 others that end in zeros.
  var isExact: Bool {
    // What is rounded fills all 38 digits, unless its last ones are zeros: then it is large.
    significand.description.count < 38
      && magnitude < Decimal(sign: .plus, exponent: 37, significand: 1)
  }
}
