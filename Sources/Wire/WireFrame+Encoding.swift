import JSON

/// Writes frames.
extension WireFrame {
  /// The frame's bytes.
  ///
  /// - Throws: if its header is longer than a header may be, or has a number that JSON hasn't.
  package func encoded() throws(WireFault) -> [UInt8] {
    var members = header
    if !arrays.isEmpty {
      members.append(
        JSONMember(
          "arrays",
          .array(
            arrays.map { name, array in
              .object([
                JSONMember("name", .string(name)),
                JSONMember("type", .string(array.element.rawValue)),
                JSONMember("shape", .array(array.shape.map { .integer($0) })),
              ])
            })))
    }
    guard header.allSatisfy({ Self.isFinite($0.value) }) else {
      throw WireFault("expected finite numbers in a header, got others")
    }
    let text = Array(JSONWriter.compact(.object(members)).utf8)
    guard text.count <= Self.longestHeader else {
      throw WireFault(
        "expected a header of at most \(Self.longestHeader) bytes, got \(text.count)")
    }
    let payload = arrays.reduce(0) { $0 + Self.aligned($1.array.bytes.count) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Self.prefixSize + text.count + payload)
    bytes += Self.magic
    Self.append(Self.version, to: &bytes)
    Self.append(operation.rawValue, to: &bytes)
    Self.append(sequence, to: &bytes)
    Self.append(UInt32(text.count), to: &bytes)
    Self.append(UInt64(payload), to: &bytes)
    bytes += text
    for (_, array) in arrays {
      bytes += array.bytes
      bytes += repeatElement(0, count: Self.aligned(array.bytes.count) - array.bytes.count)
    }
    return bytes
  }

  private static func isFinite(_ value: JSONValue) -> Bool {
    switch value {
    case .number(let number): number.isFinite
    case .array(let elements): elements.allSatisfy(isFinite)
    case .object(let members): members.allSatisfy { isFinite($0.value) }
    default: true
    }
  }

  private static func append(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
  }
}
