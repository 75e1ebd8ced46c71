import JSON

/// One message between Fulcrum and a program: a short JSON header and arrays of numbers.
///
/// Documentation/Wire.md has the format byte by byte.
package struct WireFrame: Equatable, Sendable {
  /// Says what a frame is for.
  package enum Operation: UInt16, Sendable {
    /// The first frame of a connection: who speaks.
    case hello = 1
    /// The host asks for something.
    case call
    /// What a call led to.
    case reply
    /// Why a call led to nothing.
    case error
    /// Something on the way to a call's reply.
    case event
    /// The host's answer to an event.
    case answer
  }

  package static let magic: [UInt8] = Array("FLCM".utf8)
  package static let version: UInt16 = 1
  package static let prefixSize = 24
  package static let longestHeader = 1 << 16
  package static let longestName = 64
  package static let mostDimensions = 8
  /// The multiple of bytes at which an array begins.
  static let alignment = 8

  package let operation: Operation
  /// The number of the call that the frame belongs to.
  package let sequence: UInt32
  /// The header's members, but for the list of arrays.
  package let header: [JSONMember]
  package let arrays: [(name: String, array: WireArray)]

  package init(
    _ operation: Operation, sequence: UInt32, header: [JSONMember] = [],
    arrays: [(name: String, array: WireArray)] = []
  ) {
    self.operation = operation
    self.sequence = sequence
    self.header = header
    self.arrays = arrays
  }

  /// The value of a header's key; `nil` if there is none.
  package subscript(key: String) -> JSONValue? { header.first { $0.key == key }?.value }

  /// - Throws: if there is no array of that name.
  package func array(_ name: String) throws(WireFault) -> WireArray {
    guard let found = arrays.first(where: { $0.name == name }) else {
      throw WireFault("expected an array '\(name)', got none")
    }
    return found.array
  }

  package static func == (left: WireFrame, right: WireFrame) -> Bool {
    left.operation == right.operation && left.sequence == right.sequence
      && left.header == right.header && left.arrays.elementsEqual(right.arrays, by: ==)
  }

  /// The count rounded up to where the next array may begin.
  static func aligned(_ count: Int) -> Int { (count + alignment - 1) / alignment * alignment }
}
