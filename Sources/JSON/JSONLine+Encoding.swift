/// Writes records as JSON lines.
///
/// A record describes its form once, by its `CodingKeys`. It is written with the keys in that
/// order, and read by any decoder. Foundation's encoder keeps no order and writes other digits.
extension JSONLine {
  /// - Parameter record: encodes itself as an object. It must not fail: a failure is a fault of
  ///   this program, which ends here.
  package init(_ record: some Encodable) {
    let encoder = ValueEncoder()
    do {
      try record.encode(to: encoder)
    } catch {
      preconditionFailure("a \(type(of: record)) can't be written: \(error)")
    }
    guard case .object(let line) = encoder.slot.value else {
      preconditionFailure("a \(type(of: record)) is no JSON object")
    }
    self = line
  }
}

/// Holds a value while it is written: a leaf, or an object's fields, or a list's elements.
private final class Slot {
  /// A value that was never written becomes null, as NaN does.
  var leaf = JSONLine.Value.number(.nan)
  var fields: [(key: String, slot: Slot)]?
  var elements: [Slot]?

  var value: JSONLine.Value {
    if let fields { return .object(JSONLine(fields.map { ($0.key, $0.slot.value) })) }
    if let elements { return .list(elements.map(\.value)) }
    return leaf
  }

  func add(key: String) -> Slot {
    let slot = Slot()
    fields?.append((key, slot))
    return slot
  }

  func append() -> Slot {
    let slot = Slot()
    elements?.append(slot)
    return slot
  }

  func set(_ value: some Encodable, path: [any CodingKey]) throws {
    switch value {
    case let value as String: leaf = .text(value)
    case let value as Bool: leaf = .flag(value)
    case let value as Double: leaf = .number(value)
    case let value as Float: leaf = .number(Double(value))
    case let value as any BinaryInteger: leaf = .number(Double(value))
    default: try value.encode(to: ValueEncoder(slot: self, path: path))
    }
  }
}

private struct ValueEncoder: Encoder {
  var slot = Slot()
  var path: [any CodingKey] = []

  var codingPath: [any CodingKey] { path }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    if slot.fields == nil { slot.fields = [] }
    return KeyedEncodingContainer(Fields(slot: slot, codingPath: path))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    if slot.elements == nil { slot.elements = [] }
    return Elements(slot: slot, codingPath: path)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer {
    Single(slot: slot, codingPath: path)
  }
}

private struct Fields<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let slot: Slot
  let codingPath: [any CodingKey]

  func encodeNil(forKey key: Key) { _ = slot.add(key: key.stringValue) }

  func encode(_ value: some Encodable, forKey key: Key) throws {
    try slot.add(key: key.stringValue).set(value, path: codingPath + [key])
  }

  func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key)
    -> KeyedEncodingContainer<Nested>
  {
    encoder(for: key).container(keyedBy: type)
  }

  func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    encoder(for: key).unkeyedContainer()
  }

  func superEncoder() -> any Encoder {
    ValueEncoder(slot: slot.add(key: "super"), path: codingPath)
  }

  func superEncoder(forKey key: Key) -> any Encoder { encoder(for: key) }

  private func encoder(for key: Key) -> ValueEncoder {
    ValueEncoder(slot: slot.add(key: key.stringValue), path: codingPath + [key])
  }
}

private struct Elements: UnkeyedEncodingContainer {
  let slot: Slot
  let codingPath: [any CodingKey]
  private(set) var count = 0

  init(slot: Slot, codingPath: [any CodingKey]) {
    (self.slot, self.codingPath) = (slot, codingPath)
  }

  mutating func encodeNil() { _ = next() }

  mutating func encode(_ value: some Encodable) throws {
    try next().set(value, path: codingPath)
  }

  mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type)
    -> KeyedEncodingContainer<Nested>
  {
    ValueEncoder(slot: next(), path: codingPath).container(keyedBy: type)
  }

  mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
    ValueEncoder(slot: next(), path: codingPath).unkeyedContainer()
  }

  mutating func superEncoder() -> any Encoder { ValueEncoder(slot: next(), path: codingPath) }

  private mutating func next() -> Slot {
    count += 1
    return slot.append()
  }
}

private struct Single: SingleValueEncodingContainer {
  let slot: Slot
  let codingPath: [any CodingKey]

  func encodeNil() { slot.leaf = .number(.nan) }

  func encode(_ value: some Encodable) throws { try slot.set(value, path: codingPath) }
}
