import Foundation

/// Sends and receives frames over one connected, non-blocking socket.
package final class WireConnection {
  package private(set) var descriptor: Int32
  private var reader: FrameReader
  private var received: [WireFrame] = []
  private var outgoing: [UInt8] = []
  private var sent = 0
  /// Whether the other end sends no more.
  package private(set) var isAtEnd = false
  private static let pieceSize = 1 << 18
  /// Room for what is read at a time: as much as a frame so far needed.
  private var piece: [UInt8] = []

  /// - Parameter descriptor: belongs to the connection from now on.
  package init(_ descriptor: Int32, limit: Int = 1 << 30) {
    self.descriptor = descriptor
    reader = FrameReader(limit: limit)
  }

  deinit { close() }

  /// A connection over the same socket that may carry arrays; this one is not for use any more.
  func trusted(limit: Int = 1 << 30) -> WireConnection {
    defer { (descriptor, isAtEnd) = (-1, true) }
    return WireConnection(descriptor, limit: limit)
  }

  package func close() {
    if descriptor >= 0 { _ = Foundation.close(descriptor) }
    descriptor = -1
    isAtEnd = true
  }

  package var hasOutgoing: Bool { sent < outgoing.count }

  /// Puts a frame in the line of what is to be sent.
  package func enqueue(_ frame: WireFrame) throws(WireFault) {
    if !hasOutgoing { (outgoing, sent) = ([], 0) }
    outgoing += try frame.encoded()
  }

  /// Sends what the socket takes now.
  package func flush() {
    while hasOutgoing {
      let count = outgoing[sent...].withUnsafeBytes {
        // The other end may be gone: that is no reason to end the host.
        Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        // Whoever waits learns of a lost connection when it reads.
        if errno != EAGAIN { (outgoing, sent) = ([], 0) }
        return
      }
      sent += count
    }
  }

  /// Reads what is there.
  ///
  /// - Throws: if the bytes are no frames, or end within one; the connection is closed then.
  package func receive() throws(WireFault) {
    while !isAtEnd {
      let room = min(Self.pieceSize, max(1, reader.missing))
      if piece.count < room { piece = [UInt8](repeating: 0, count: room) }
      let count = Foundation.recv(descriptor, &piece, room, 0)
      if count < 0, errno == EINTR { continue }
      if count < 0, errno == EAGAIN { return }
      guard count > 0 else {
        isAtEnd = true
        // A connection that breaks may break anywhere; a program that ends has sent whole frames.
        guard count < 0 || !reader.isWithinFrame else {
          throw WireFault("expected the rest of a frame, got the end of the connection")
        }
        return
      }
      do throws(WireFault) {
        guard let frame = try reader.add(piece[..<count]) else { continue }
        received.append(frame)
      } catch {
        // Nothing that comes after it can be read.
        close()
        throw error
      }
      // What was asked for is handled before more is read.
      return
    }
  }

  /// The next frame that has come whole; `nil`: none is there.
  package func next() -> WireFrame? { received.isEmpty ? nil : received.removeFirst() }
}
