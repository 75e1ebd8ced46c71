import FulcrumKernel

/// A parameter's value, from JSON and back.
extension ParameterValue {
  /// The value of a kind that JSON holds; `nil`: it holds another.
  package init?(_ value: JSONValue, as kind: Parameter.Kind) {
    let found: ParameterValue? =
      switch kind {
      case .number: value.double.map { .number($0) }
      case .integer: value.integer.map { .integer($0) }
      case .flag: value.bool.map { .flag($0) }
      case .text, .choice: value.text.map { .text($0) }
      case .numbers: Self.all(value.elements, \.double).map { .numbers($0) }
      case .integers: Self.all(value.elements, \.integer).map { .integers($0) }
      case .texts: Self.all(value.elements, \.text).map { .texts($0) }
      @unknown default: nil
      }
    guard let found else { return nil }
    self = found
  }

  /// The value in JSON.
  package var json: JSONValue {
    switch self {
    case .number(let value): .number(value)
    case .integer(let value): .integer(value)
    case .flag(let value): .bool(value)
    case .text(let value): .string(value)
    case .numbers(let values): .array(values.map { .number($0) })
    case .integers(let values): .array(values.map { .integer($0) })
    case .texts(let values): .array(values.map { .string($0) })
    @unknown default: .null
    }
  }

  private static func all<Value>(
    _ elements: [JSONValue]?, _ value: (JSONValue) -> Value?
  ) -> [Value]? {
    guard let elements else { return nil }
    let values = elements.compactMap(value)
    return values.count == elements.count ? values : nil
  }
}
