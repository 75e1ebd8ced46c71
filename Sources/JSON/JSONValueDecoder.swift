/// Decodes a Swift value from a JSON value that was read strictly.
///
/// Unlike Foundation's decoder it has no second parser: what the strict reader refuses never comes
/// here. A number is whole if its value is, written `3` or `3.0`. The keys' order is lost.
struct JSONValueDecoder: Decoder {
  let value: JSONValue
  private let outerPath: [any CodingKey]
  private let key: (any CodingKey)?

  /// - Parameter key: the value's own key within what is at the path; `nil`: the value is what is
  ///   at the path.
  init(_ value: JSONValue, _ outerPath: [any CodingKey] = [], _ key: (any CodingKey)? = nil) {
    self.value = value
    self.outerPath = outerPath
    self.key = key
  }

  /// The value's place. Put together only when it is asked for, for a list of numbers has no use
  /// for it.
  var codingPath: [any CodingKey] { outerPath + (key.map { [$0] } ?? []) }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    guard let members = value.members else { throw mismatch([String: Any].self) }
    return KeyedDecodingContainer(KeyedValues(members, codingPath))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    guard let elements = value.elements else { throw mismatch([Any].self) }
    return ValueList(elements: elements, codingPath: codingPath)
  }

  func singleValueContainer() -> any SingleValueDecodingContainer { self }

  private func mismatch(_ type: Any.Type) -> DecodingError {
    let context = DecodingError.Context(
      codingPath: codingPath, debugDescription: "expected \(type), got \(value.kind)")
    return value == .null ? .valueNotFound(type, context) : .typeMismatch(type, context)
  }

  private func outOfRange(_ kind: String, bits: Int) -> DecodingError {
    .dataCorrupted(
      DecodingError.Context(
        codingPath: codingPath,
        debugDescription: "expected \(kind) of \(bits) bits, got \(value.excerpt)"))
  }
}

extension JSONValueDecoder: SingleValueDecodingContainer {
  func decodeNil() -> Bool { value == .null }

  func decode(_ type: Bool.Type) throws -> Bool {
    guard let flag = value.bool else { throw mismatch(type) }
    return flag
  }

  func decode(_ type: String.Type) throws -> String {
    guard let text = value.text else { throw mismatch(type) }
    return text
  }

  func decode(_ type: Double.Type) throws -> Double { try number { Double($0) } }

  /// Reads from the digits as they were written: by way of a double the last bit may differ.
  func decode(_ type: Float.Type) throws -> Float { try number { Float($0) } }

  func decode<Number: FixedWidthInteger & Decodable>(_ type: Number.Type) throws -> Number {
    if let integer = value.integer {
      guard let number = Number(exactly: integer) else {
        throw outOfRange("a whole number", bits: Number.bitWidth)
      }
      return number
    }
    guard let double = value.double else { throw mismatch(type) }
    guard let number = Number(exactly: double) else {
      throw outOfRange("a whole number", bits: Number.bitWidth)
    }
    return number
  }

  func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    // The initializers of the standard library's types call the methods above.
    try Value(from: self)
  }

  private func number<Number: BinaryFloatingPoint>(
    _ read: (_ text: String) -> Number?
  ) throws -> Number {
    switch value {
    case .integer(let integer): return Number(integer)
    case .number(let number):
      // A number that is not finite passes if the reader was told to take such numbers.
      guard Number(number).isFinite || !number.isFinite else {
        throw outOfRange("a number", bits: MemoryLayout<Number>.size * 8)
      }
      return Number(number)
    case .numeral(let text):
      guard let number = read(text), number.isFinite else {
        throw outOfRange("a number", bits: MemoryLayout<Number>.size * 8)
      }
      return number
    default: throw mismatch(Number.self)
    }
  }
}

/// Holds an object's values, by key.
private struct KeyedValues<Key: CodingKey>: KeyedDecodingContainerProtocol {
  /// So few keys are found faster one by one.
  private static var few: Int { 12 }

  private let members: [JSONMember]
  /// The keys' places; empty if there are few keys.
  private let places: [String: Int]
  let codingPath: [any CodingKey]

  init(_ members: [JSONMember], _ codingPath: [any CodingKey]) {
    self.members = members
    self.codingPath = codingPath
    places =
      members.count <= Self.few
      ? [:]
      : Dictionary(
        members.enumerated().map { ($1.key, $0) }, uniquingKeysWith: { first, _ in first })
  }

  var allKeys: [Key] { members.compactMap { Key(stringValue: $0.key) } }

  func contains(_ key: Key) -> Bool { value(of: key.stringValue) != nil }

  func decodeNil(forKey key: Key) throws -> Bool { try required(key) == .null }

  func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
    try Value(from: try decoder(key))
  }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<Nested> {
    try decoder(key).container(keyedBy: type)
  }

  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try decoder(key).unkeyedContainer()
  }

  func superDecoder() throws -> any Decoder {
    JSONValueDecoder(value(of: "super") ?? .null, codingPath)
  }

  func superDecoder(forKey key: Key) throws -> any Decoder { try decoder(key) }

  private func decoder(_ key: Key) throws -> JSONValueDecoder {
    JSONValueDecoder(try required(key), codingPath, key)
  }

  private func required(_ key: Key) throws -> JSONValue {
    guard let value = value(of: key.stringValue) else {
      throw DecodingError.keyNotFound(
        key,
        DecodingError.Context(
          codingPath: codingPath, debugDescription: "there is no key '\(key.stringValue)'"))
    }
    return value
  }

  private func value(of key: String) -> JSONValue? {
    guard members.count > Self.few else { return members.first { $0.key == key }?.value }
    return places[key].map { members[$0].value }
  }
}

/// Hands out an array's values, one after the other.
private struct ValueList: UnkeyedDecodingContainer {
  let elements: [JSONValue]
  let codingPath: [any CodingKey]
  private(set) var currentIndex = 0

  init(elements: [JSONValue], codingPath: [any CodingKey]) {
    self.elements = elements
    self.codingPath = codingPath
  }

  var count: Int? { elements.count }
  var isAtEnd: Bool { currentIndex == elements.count }

  mutating func decodeNil() throws -> Bool {
    guard try next().value == .null else { return false }
    currentIndex += 1
    return true
  }

  mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    let value = try Value(from: try next())
    currentIndex += 1
    return value
  }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type
  ) throws -> KeyedDecodingContainer<Nested> {
    let container = try next().container(keyedBy: type)
    currentIndex += 1
    return container
  }

  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
    let container = try next().unkeyedContainer()
    currentIndex += 1
    return container
  }

  mutating func superDecoder() throws -> any Decoder {
    let decoder = try next()
    currentIndex += 1
    return decoder
  }

  private func next() throws -> JSONValueDecoder {
    let key = Index(currentIndex)
    guard !isAtEnd else {
      throw DecodingError.valueNotFound(
        Any.self,
        DecodingError.Context(
          codingPath: codingPath + [key], debugDescription: "the list ends before"))
    }
    return JSONValueDecoder(elements[currentIndex], codingPath, key)
  }

  private struct Index: CodingKey {
    let number: Int
    init(_ number: Int) { self.number = number }
    var intValue: Int? { number }
    var stringValue: String { "\(number)" }
    init(intValue: Int) { number = intValue }
    init?(stringValue: String) { nil }
  }
}
