import JSON

/// Cuts a stream of bytes into frames. Every length is checked before memory is taken for it, and a
/// payload's memory grows with the bytes that come: an announced size alone takes none.
package struct FrameReader {
  /// Holds what a frame's prefix and header say.
  private struct Opening {
    let operation: WireFrame.Operation
    let sequence: UInt32
    let headerSize: Int
    let payloadSize: Int
    var header: [JSONMember]?
    var plans: [Plan] = []
  }

  /// An array that is to come.
  private struct Plan {
    let name: String
    let element: WireArray.Element
    let shape: [Int]
    let size: Int
  }

  /// The most bytes of a payload.
  private let limit: Int
  private var bytes: [UInt8] = []
  private var opening: Opening?

  package init(limit: Int = 1 << 30) { self.limit = limit }

  /// Whether bytes of an unfinished frame are there.
  package var isWithinFrame: Bool { opening != nil || !bytes.isEmpty }

  /// The bytes that memory is held for.
  package var capacity: Int { bytes.capacity }

  /// The bytes that the part at hand lacks: a caller that asks for no more never reads into the next
  /// frame.
  package var missing: Int {
    guard let opening else { return WireFrame.prefixSize - bytes.count }
    let size = opening.header == nil ? opening.headerSize : opening.payloadSize
    return size - bytes.count
  }

  /// Takes bytes.
  ///
  /// - Parameter chunk: at most `missing` bytes.
  /// - Returns: the frame that they complete, if they do.
  /// - Throws: if they are no frame. Nothing can be read from the stream after that.
  package mutating func add(_ chunk: ArraySlice<UInt8>) throws(WireFault) -> WireFrame? {
    precondition(chunk.count <= missing, "a chunk that reaches into the next part")
    bytes += chunk
    // An empty header or payload is complete at once.
    while missing == 0 {
      guard var opening else {
        self.opening = try prefix()
        bytes.removeAll(keepingCapacity: true)
        continue
      }
      if opening.header == nil {
        try read(&opening)
        self.opening = opening
        bytes = []
        continue
      }
      defer { (self.opening, bytes) = (nil, []) }
      return WireFrame(
        opening.operation, sequence: opening.sequence, header: opening.header ?? [],
        arrays: try arrays(opening.plans))
    }
    return nil
  }

  private func prefix() throws(WireFault) -> Opening {
    func number<Value: FixedWidthInteger>(_ place: Int, _ type: Value.Type) -> Value {
      bytes.withUnsafeBytes {
        Value(littleEndian: $0.loadUnaligned(fromByteOffset: place, as: type))
      }
    }
    guard bytes.starts(with: WireFrame.magic) else {
      throw WireFault("expected a frame, which begins with 'FLCM', got other bytes")
    }
    let version = number(4, UInt16.self)
    guard version == WireFrame.version else {
      throw WireFault("expected a frame of version \(WireFrame.version), got \(version)")
    }
    guard let operation = WireFrame.Operation(rawValue: number(6, UInt16.self)) else {
      throw WireFault("expected an operation from 1 to 6, got \(number(6, UInt16.self))")
    }
    let header = Int(number(12, UInt32.self))
    guard header <= WireFrame.longestHeader else {
      throw WireFault(
        "expected a header of at most \(WireFrame.longestHeader) bytes, got \(header)")
    }
    let payload = number(16, UInt64.self)
    guard payload <= UInt64(limit) else {
      throw WireFault("expected arrays of at most \(limit) bytes, got \(payload)")
    }
    return Opening(
      operation: operation, sequence: number(8, UInt32.self), headerSize: header,
      payloadSize: Int(payload))
  }

  /// Reads the header, and checks that its arrays take the payload's bytes.
  private func read(_ opening: inout Opening) throws(WireFault) {
    let value: JSONValue
    do throws(JSONFault) {
      value = try JSONReader.parse(bytes)
    } catch {
      throw WireFault("expected a header in JSON, got what is none: \(error.reason)")
    }
    guard let members = value.members else {
      throw WireFault("expected an object as header, got \(value.kind)")
    }
    opening.header = members.filter { $0.key != "arrays" }
    opening.plans = try Self.plans(value["arrays"] ?? .array([]))
    // A header is too short for so many arrays that their sum overflows.
    let needed = opening.plans.reduce(0) { $0 + WireFrame.aligned($1.size) }
    guard needed == opening.payloadSize else {
      throw WireFault("expected \(needed) bytes of arrays, got \(opening.payloadSize)")
    }
  }

  private static func plans(_ value: JSONValue) throws(WireFault) -> [Plan] {
    guard let elements = value.elements else {
      throw WireFault("expected a list of arrays, got \(value.kind)")
    }
    var plans: [Plan] = []
    // Compares bytes, for Swift takes canonically equivalent texts for equal.
    var names: Set<[UInt8]> = []
    for element in elements {
      guard let name = element["name"]?.text, name.unicodeScalars.count <= WireFrame.longestName,
        names.insert(Array(name.utf8)).inserted
      else {
        throw WireFault(
          "expected arrays with names of their own, of at most \(WireFrame.longestName) characters, got"
            + " \(element["name"]?.excerpt ?? "none")")
      }
      guard let type = element["type"]?.text.flatMap({ WireArray.Element(rawValue: $0) }) else {
        let types = WireArray.Element.allCases.map(\.rawValue).joined(separator: ", ")
        throw WireFault(
          "expected one of \(types) as type of '\(name)', got"
            + " \(element["type"]?.excerpt ?? "none")")
      }
      guard let shape = element["shape"]?.elements, shape.count <= WireFrame.mostDimensions else {
        throw WireFault(
          "expected a shape of at most \(WireFrame.mostDimensions) numbers for '\(name)', got"
            + " \(element["shape"]?.excerpt ?? "none")")
      }
      var sizes: [Int] = []
      var size = type.size
      for side in shape {
        let (product, overflows) = size.multipliedReportingOverflow(by: side.integer ?? -1)
        guard let side = side.integer, side >= 0, !overflows, product <= 1 << 48 else {
          throw WireFault("expected a shape for '\(name)', got \(element["shape"]?.excerpt ?? "")")
        }
        sizes.append(side)
        size = product
      }
      plans.append(Plan(name: name, element: type, shape: sizes, size: size))
    }
    return plans
  }

  private func arrays(_ plans: [Plan]) throws(WireFault) -> [(name: String, array: WireArray)] {
    var place = 0
    var arrays: [(name: String, array: WireArray)] = []
    for plan in plans {
      let (end, next) = (place + plan.size, place + WireFrame.aligned(plan.size))
      guard bytes[end..<next].allSatisfy({ $0 == 0 }) else {
        throw WireFault("expected zeros behind the array '\(plan.name)', got other bytes")
      }
      arrays.append(
        (
          plan.name, WireArray(plan.element, shape: plan.shape, bytes: Array(bytes[place..<end]))
        ))
      place = next
    }
    return arrays
  }
}
