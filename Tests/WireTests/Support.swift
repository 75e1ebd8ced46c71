import Foundation
import JSON
import Wire

/// Frames of any fields at all, as a program gone wrong or a stranger would send them.
func framed(
  _ header: String, payload: [UInt8] = [], magic: String = "FLCM", version: UInt16 = 1,
  operation: UInt16 = 3, sequence: UInt32 = 1, headerSize: UInt32? = nil, payloadSize: UInt64? = nil
) -> [UInt8] {
  framed(
    Array(header.utf8), payload: payload, magic: magic, version: version, operation: operation,
    sequence: sequence, headerSize: headerSize, payloadSize: payloadSize)
}

func framed(
  _ header: [UInt8], payload: [UInt8] = [], magic: String = "FLCM", version: UInt16 = 1,
  operation: UInt16 = 3, sequence: UInt32 = 1, headerSize: UInt32? = nil, payloadSize: UInt64? = nil
) -> [UInt8] {
  var bytes = Array(magic.utf8)
  func append(_ value: some FixedWidthInteger) {
    withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
  }
  append(version)
  append(operation)
  append(sequence)
  append(headerSize ?? UInt32(header.count))
  append(payloadSize ?? UInt64(payload.count))
  return bytes + header + payload
}

/// The header of a frame with one array.
func listing(_ entries: String) -> String { #"{"arrays":["# + entries + "]}" }

/// What a reader makes of bytes.
struct Reading: Equatable {
  var frames: [WireFrame] = []
  var fault: String?
  /// The most bytes that the reader held memory for.
  var capacity = 0
  /// Whether the bytes end within a frame.
  var isCut = false

  /// - Parameter size: gives the length of each next chunk, from 1 on.
  init(_ bytes: [UInt8], limit: Int = 1 << 30, size: () -> Int = { .max }) {
    var reader = FrameReader(limit: limit)
    var place = 0
    do throws(WireFault) {
      while place < bytes.count {
        let end = place + min(size(), reader.missing, bytes.count - place)
        if let frame = try reader.add(bytes[place..<end]) { frames.append(frame) }
        capacity = max(capacity, reader.capacity)
        place = end
      }
      isCut = reader.isWithinFrame
    } catch {
      fault = error.message
    }
  }

  static func == (left: Reading, right: Reading) -> Bool {
    left.frames == right.frames && left.fault == right.fault && left.isCut == right.isCut
  }
}

/// The repository's folder of a test's file.
let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  .deletingLastPathComponent().deletingLastPathComponent().path
