import FulcrumKernel

/// Holds the key-value pairs at the front of a GGUF file.
///
/// - Source: the GGUF format, github.com/ggml-org/ggml, docs/gguf.md.
struct GGUFMetadata: Sendable {
  /// The format's own limit of a key's length, in bytes.
  private static let keyLimit = 65535
  /// Our limit of a text's length, in bytes; a chat template has thousands.
  static let textLimit = 1 << 24

  private let file: ReadableFile
  private let values: [String: GGUFValue]

  /// Reads `count` pairs.
  ///
  /// - Throws: `.checkpoint` for a value that the format doesn't allow, naming its key.
  init(_ scanner: inout GGUFScanner, count: Int, file: ReadableFile) throws(FulcrumError) {
    var values: [String: GGUFValue] = [:]
    for index in 0..<count {
      let key = try scanner.text(atMost: Self.keyLimit, "the key of metadata value \(index)")
      guard values[key] == nil else {
        throw GGUFScanner.fault("the metadata key '\(key)' is repeated")
      }
      values[key] = try Self.value(&scanner, type: Self.type(&scanner, key), key)
    }
    self.file = file
    self.values = values
  }

  private static func type(
    _ scanner: inout GGUFScanner, _ key: String
  ) throws(FulcrumError) -> GGUFValueType {
    let number: UInt32 = try scanner.integer("the type of '\(key)'")
    guard let type = GGUFValueType(rawValue: number) else {
      throw GGUFScanner.fault("'\(key)' has the type \(number), expected from 0 to 12")
    }
    return type
  }

  private static func value(
    _ scanner: inout GGUFScanner, type: GGUFValueType, _ key: String
  ) throws(FulcrumError) -> GGUFValue {
    switch type {
    case .float32: return .float(Float(bitPattern: try scanner.integer("'\(key)'")))
    case .float64: return .double(Double(bitPattern: try scanner.integer("'\(key)'")))
    case .string: return .text(try scanner.text(atMost: textLimit, "'\(key)'"))
    case .bool:
      let byte: UInt8 = try scanner.integer("'\(key)'")
      guard byte <= 1 else {
        throw GGUFScanner.fault("'\(key)' is a bool with the value \(byte), expected 0 or 1")
      }
      return .bool(byte == 1)
    case .array: return .array(try array(&scanner, key))
    default: return .integer(try integer(&scanner, type: type, "'\(key)'"))
    }
  }

  private static func integer(
    _ scanner: inout GGUFScanner, type: GGUFValueType, _ what: @autoclosure () -> String
  ) throws(FulcrumError) -> Int128 {
    switch type {
    case .uint8: Int128(try scanner.integer(what()) as UInt8)
    case .int8: Int128(try scanner.integer(what()) as Int8)
    case .uint16: Int128(try scanner.integer(what()) as UInt16)
    case .int16: Int128(try scanner.integer(what()) as Int16)
    case .uint32: Int128(try scanner.integer(what()) as UInt32)
    case .int32: Int128(try scanner.integer(what()) as Int32)
    case .uint64: Int128(try scanner.integer(what()) as UInt64)
    case .int64: Int128(try scanner.integer(what()) as Int64)
    case .float32, .float64, .bool, .string, .array:
      throw GGUFScanner.fault("\(what()) is of type \(type), expected an integer type")
    }
  }

  /// Skips an array and checks that all of it is there.
  private static func array(
    _ scanner: inout GGUFScanner, _ key: String
  ) throws(FulcrumError) -> GGUFArray {
    let type = try type(&scanner, key)
    guard type != .array else {
      throw FulcrumError(.unsupported, "'\(key)' is an array of arrays, which is not read")
    }
    let count = try scanner.count(ofItems: "elements in '\(key)'", size: type.byteCount)
    let start = scanner.position
    if type == .string {
      for index in 0..<count {
        let what = { "element \(index) of '\(key)'" }
        let length = try scanner.textLength(atMost: textLimit, what())
        try scanner.skip(length, what())
      }
    } else {
      try scanner.skip(count * type.byteCount, "'\(key)'")
    }
    return GGUFArray(elementType: type, count: count, start: start)
  }
}

extension GGUFMetadata {
  /// Returns the value of a key; nil if there is none.
  subscript(key: String) -> GGUFValue? { values[key] }

  private func required(_ key: String) throws(FulcrumError) -> GGUFValue {
    guard let value = values[key] else {
      throw FulcrumError(
        .checkpoint, "there is no '\(key)' in the metadata",
        hint: "write the file again with a newer converter")
    }
    return value
  }

  private func wrong(_ key: String, _ expected: String, _ got: GGUFValue) -> FulcrumError {
    FulcrumError(.checkpoint, "'\(key)' must be \(expected), got \(got.excerpt)")
  }

  func text(_ key: String) throws(FulcrumError) -> String {
    let value = try required(key)
    guard case .text(let text) = value else { throw wrong(key, "a text", value) }
    return text
  }

  /// Returns an integer of any type, from `range`.
  func integer(_ key: String, in range: ClosedRange<Int>) throws(FulcrumError) -> Int {
    let value = try required(key)
    guard case .integer(let wide) = value, let integer = Int(exactly: wide),
      range.contains(integer)
    else {
      throw wrong(key, "an integer from \(range.lowerBound) to \(range.upperBound)", value)
    }
    return integer
  }

  /// Returns a number that was meant in decimal: the float nearest to 1e-5 gives 1e-5.
  func decimal(_ key: String) throws(FulcrumError) -> Double {
    let value = try required(key)
    switch value {
    // Swift prints the shortest digits that give the same float back.
    case .float(let float): return Double(float.description) ?? Double(float)
    case .double(let double): return double
    default: throw wrong(key, "a number", value)
    }
  }

  /// Returns the value of a switch; nil if it is absent.
  func flag(_ key: String) throws(FulcrumError) -> Bool? {
    guard let value = values[key] else { return nil }
    guard case .bool(let flag) = value else { throw wrong(key, "a bool", value) }
    return flag
  }

  /// Returns an array of texts.
  func texts(_ key: String) throws(FulcrumError) -> [String] {
    let value = try required(key)
    guard case .array(let array) = value, array.elementType == .string else {
      throw wrong(key, "an array of texts", value)
    }
    var scanner = GGUFScanner(file, from: array.start)
    var texts: [String] = []
    texts.reserveCapacity(array.count)
    for index in 0..<array.count {
      texts.append(
        try scanner.text(atMost: Self.textLimit, "element \(index) of '\(key)'"))
    }
    return texts
  }

  /// Returns an array of `count` integers of any type.
  func integers(_ key: String, count: Int) throws(FulcrumError) -> [Int128] {
    let value = try required(key)
    guard case .array(let array) = value, array.count == count else {
      throw wrong(key, "an array of \(count) integers", value)
    }
    var scanner = GGUFScanner(file, from: array.start)
    var integers: [Int128] = []
    integers.reserveCapacity(count)
    for index in 0..<count {
      integers.append(
        try Self.integer(&scanner, type: array.elementType, "element \(index) of '\(key)'"))
    }
    return integers
  }
}
