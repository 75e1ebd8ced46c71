/// Wraps a number, or a list of numbers, some of which may be missing: NaN in memory, null in JSON.
@propertyWrapper
package struct NaNAsNull<Value: Nullable>: Codable, Sendable {
  package var wrappedValue: Value

  package init(wrappedValue: Value) { self.wrappedValue = wrappedValue }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    wrappedValue = Value(nullable: try container.decode(Value.Form.self))
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(wrappedValue.nullable)
  }
}

extension NaNAsNull: Equatable where Value: Equatable {}

/// Describes a value whose form in JSON may hold null.
package protocol Nullable: Sendable {
  associatedtype Form: Codable
  init(nullable: Form)
  var nullable: Form { get }
}

extension Double: Nullable {
  package init(nullable: Double?) { self = nullable ?? .nan }
  /// Infinities become null too, for JSON has none.
  package var nullable: Double? { isFinite ? self : nil }
}

extension Array: Nullable where Element: Nullable {
  package init(nullable: [Element.Form]) { self = nullable.map(Element.init(nullable:)) }
  package var nullable: [Element.Form] { map(\.nullable) }
}
