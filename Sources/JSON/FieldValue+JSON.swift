import FulcrumKernel

/// A row's values, from JSON and back.
extension FieldValue {
  /// The value as reward functions see it; `nil`: it has digits that a double can't hold.
  package init?(_ value: JSONValue) {
    switch value {
    case .null: self = .null
    case .bool(let flag): self = .flag(flag)
    case .integer(let integer): self = .integer(integer)
    case .number(let number): self = .number(number)
    case .numeral(let digits):
      guard let number = Double(digits) else { return nil }
      self = .number(number)
    case .string(let text): self = .text(text)
    case .array(let elements):
      let values = elements.compactMap(FieldValue.init)
      guard values.count == elements.count else { return nil }
      self = .list(values)
    case .object(let members):
      var fields: [String: FieldValue] = [:]
      for member in members {
        guard let value = FieldValue(member.value) else { return nil }
        fields[member.key] = value
      }
      self = .object(fields)
    }
  }

  /// The value in JSON, an object's members by their keys.
  package var json: JSONValue {
    switch self {
    case .text(let text): .string(text)
    case .number(let number): .number(number)
    case .integer(let integer): .integer(integer)
    case .flag(let flag): .bool(flag)
    case .list(let values): .array(values.map(\.json))
    case .object(let values):
      .object(values.sorted { $0.key < $1.key }.map { JSONMember($0.key, $0.value.json) })
    case .null: .null
    @unknown default: .null
    }
  }
}
