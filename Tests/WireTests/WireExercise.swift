import FulcrumKernel
import JSON
import Wire

/// All that the program does with bytes from a connection. Fuzzing (Tests/Fuzz) and the test of random
/// frames share this.
enum WireExercise {
  /// Reads frames at once and byte by byte, and writes again what was read.
  ///
  /// - Returns: what contradicts itself, which nothing may.
  static func run(_ input: [UInt8]) -> String? {
    let limit = 1 << 20
    let whole = read(input, limit: limit, chunk: .max)
    let bytewise = read(input, limit: limit, chunk: 1)
    guard whole.frames == bytewise.frames, whole.fault == bytewise.fault else {
      return "the chunks' sizes make a difference: \(whole.fault ?? "") \(bytewise.fault ?? "")"
    }
    // Memory grows with what came; an array that grows doubles.
    guard whole.capacity <= 2 * input.count + 4096 else {
      return "\(whole.capacity) bytes were held for \(input.count)"
    }
    for frame in whole.frames {
      for (name, array) in frame.arrays where frame.arrays.count < 100 {
        guard (try? frame.array(name)) != nil, array.count * array.element.size == array.bytes.count
        else { return "an array is not there" }
        _ = try? array.text()
        _ = try? array.floats()
      }
      // What fits into a header may not fit again: 1e5 is written as 100000.0.
      guard let bytes = try? frame.encoded() else { continue }
      guard read(bytes, limit: limit, chunk: .max).frames == [frame] else {
        return "a frame that was written is not the one that was read"
      }
    }
    return nil
  }

  private static func read(
    _ input: [UInt8], limit: Int, chunk: Int
  ) -> (frames: [WireFrame], fault: String?, capacity: Int) {
    var reader = FrameReader(limit: limit)
    var (frames, capacity, place) = ([WireFrame](), 0, 0)
    do throws(WireFault) {
      while place < input.count {
        let end = min(place + min(chunk, reader.missing), input.count)
        if let frame = try reader.add(input[place..<end]) { frames.append(frame) }
        capacity = max(capacity, reader.capacity)
        place = end
      }
    } catch {
      precondition(!error.message.isEmpty)
      return (frames, error.message, capacity)
    }
    return (frames, nil, capacity)
  }

  /// A sound frame with a few keys and small arrays, empty ones and scalars among them.
  static func frame(_ random: inout RandomStream) -> WireFrame {
    let scalars: [JSONValue] = [
      .null, .bool(true), .integer(.min), .integer(.max), .number(-1e-300), .number(0.1),
      .string(""), .string("é\u{2028}🜁\0\"\\"), .array([]), .object([JSONMember("k", .null)]),
    ]
    let operation = WireFrame.Operation(rawValue: .random(in: 1...6, using: &random)) ?? .call
    return WireFrame(
      operation, sequence: random.next() % 3 == 0 ? .max : 1,
      header: (0..<Int.random(in: 0...3, using: &random)).map { key in
        JSONMember("key\(key)", scalars.randomElement(using: &random) ?? .null)
      },
      arrays: (0..<Int.random(in: 0...3, using: &random)).map { number in
        let element = WireArray.Element.allCases.randomElement(using: &random) ?? .u8
        let shape = (0..<Int.random(in: 0...3, using: &random)).map { _ in
          Int.random(in: 0...4, using: &random)
        }
        let bytes = (0..<shape.reduce(element.size, *)).map { _ in
          UInt8.random(in: 0...255, using: &random)
        }
        return ("array\(number)", WireArray(element, shape: shape, bytes: bytes))
      })
  }

  /// Bytes changed, cut out, put in or repeated in a few places.
  static func damage(_ bytes: [UInt8], _ random: inout RandomStream) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      guard !bytes.isEmpty else { break }
      let place = Int.random(in: 0..<bytes.count, using: &random)
      let end = min(bytes.count, place + Int.random(in: 1...8, using: &random))
      switch random.next() % 5 {
      case 0: bytes[place] ^= 1 << UInt8(random.next() % 8)
      case 1: bytes[place] = UInt8.random(in: 0...255, using: &random)
      case 2: bytes.removeSubrange(place..<end)
      case 3: bytes.insert(contentsOf: bytes[place..<end], at: place)
      default: bytes.replaceSubrange(place..<end, with: Array("9".utf8))
      }
    }
    return bytes
  }
}
