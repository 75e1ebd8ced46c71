import JSON

/// Names the type of a metadata value, by its number in the file.
enum GGUFValueType: UInt32, Sendable {
  case uint8, int8, uint16, int16, uint32, int32, float32, bool, string, array
  case uint64, int64, float64

  /// The least size of a value: a string has at least its length.
  var byteCount: Int {
    switch self {
    case .uint8, .int8, .bool: 1
    case .uint16, .int16: 2
    case .uint32, .int32, .float32: 4
    case .uint64, .int64, .float64, .string: 8
    // An array has at least its type and its count.
    case .array: 12
    }
  }
}

/// Holds a metadata value. Arrays stay in the file until they are asked for.
enum GGUFValue: Sendable {
  /// An integer of any of the eight types.
  case integer(Int128)
  case float(Float)
  case double(Double)
  case bool(Bool)
  case text(String)
  case array(GGUFArray)

  /// The value as an error message quotes it.
  var excerpt: String {
    switch self {
    case .integer(let value): "\(value)"
    case .float(let value): "\(value)"
    case .double(let value): "\(value)"
    case .bool(let value): "\(value)"
    case .text(let value): JSONValue.string(value).excerpt
    case .array(let array): "an array of \(array.count) \(array.elementType) values"
    }
  }
}

/// Holds the place of an array's elements, all of which are known to be within the file.
struct GGUFArray: Sendable {
  let elementType: GGUFValueType
  let count: Int
  /// The offset of the first element.
  let start: Int
}
