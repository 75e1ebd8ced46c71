/// An array of numbers as it travels: its type, its shape, its bytes in little-endian order.
package struct WireArray: Equatable, Sendable {
  /// Lists the types of numbers that travel.
  package enum Element: String, Sendable, CaseIterable {
    case u8, i32, i64, u32, u64, f32, f64

    /// The bytes of one number.
    package var size: Int {
      switch self {
      case .u8: 1
      case .i32, .u32, .f32: 4
      case .i64, .u64, .f64: 8
      }
    }
  }

  package let element: Element
  package let shape: [Int]
  package let bytes: [UInt8]

  /// - Precondition: as many bytes as the shape has numbers.
  package init(_ element: Element, shape: [Int], bytes: [UInt8]) {
    precondition(
      shape.reduce(1, *) * element.size == bytes.count, "an array has the bytes of its shape")
    self.element = element
    self.shape = shape
    self.bytes = bytes
  }

  package init(_ values: [Float]) { self.init(.f32, copying: values) }
  package init(_ values: [Double]) { self.init(.f64, copying: values) }
  package init(_ values: [Int32]) { self.init(.i32, copying: values) }
  package init(_ values: [UInt32]) { self.init(.u32, copying: values) }
  package init(_ values: [Int]) { self.init(.i64, copying: values) }
  package init(_ values: [Bool]) { self.init(.u8, copying: values.map { $0 ? 1 : 0 as UInt8 }) }

  /// A text, as UTF-8.
  package init(text: String) { self.init(.u8, copying: Array(text.utf8)) }

  private init<Value: BitwiseCopyable>(_ element: Element, copying values: [Value]) {
    // The processors that this runs on store numbers as they travel.
    self.init(
      element, shape: [values.count], bytes: values.withUnsafeBytes { Array($0) })
  }

  package var count: Int { bytes.count / element.size }

  package func floats() throws(WireFault) -> [Float] { try values(.f32) }
  package func doubles() throws(WireFault) -> [Double] { try values(.f64) }
  package func int32s() throws(WireFault) -> [Int32] { try values(.i32) }
  package func integers() throws(WireFault) -> [Int] { try values(.i64) }
  package func flags() throws(WireFault) -> [Bool] {
    try values(.u8).map { (byte: UInt8) in byte != 0 }
  }

  package func text() throws(WireFault) -> String {
    let bytes: [UInt8] = try values(.u8)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw WireFault("expected a text in UTF-8, got other bytes")
    }
    return text
  }

  private func values<Value: BitwiseCopyable>(_ expected: Element) throws(WireFault) -> [Value] {
    guard element == expected else {
      throw WireFault("expected numbers of type \(expected.rawValue), got \(element.rawValue)")
    }
    return bytes.withUnsafeBytes { bytes in
      Array(unsafeUninitializedCapacity: count) { values, initialized in
        UnsafeMutableRawBufferPointer(values).copyMemory(from: bytes)
        initialized = count
      }
    }
  }
}
