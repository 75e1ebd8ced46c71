import Foundation
import FulcrumKernel

/// The memory that a foreign function's arrays and texts lie in while it runs.
///
/// The function gets copies, so that what it scribbles over its inputs changes nothing, and around
/// each copy lies something that betrays a write too far.
final class ForeignMemory {
  /// The kinds of memory that can lie around each array.
  enum Edge: String {
    /// A pattern that is looked at when the function has returned.
    case pattern
    /// Memory that can't be touched begins where the array ends.
    case end
    /// Memory that can't be touched ends where the array begins.
    case beginning
  }

  private struct Block {
    var start: UnsafeMutableRawPointer
    var capacity: Int
    var count = 0
    var name = ""
  }

  /// The bytes of pattern on either side. A multiple of 64, so that arrays are aligned to cache lines.
  private static let margin = 64
  private static let pattern: UInt8 = 0xA5

  private let edge: Edge
  /// The memory that is used again from call to call.
  private var blocks: [Block] = []
  private var used = 0

  init(_ edge: Edge) { self.edge = edge }

  deinit {
    // Guarded memory stays until its process, which lives for one check, ends.
    for block in blocks where edge == .pattern { free(block.start) }
  }

  /// Forgets what lay here. To be called before each call.
  func reset() { used = 0 }

  /// Places a copy of bytes.
  ///
  /// - Parameter isWritable: whether the function may write to it.
  func copy(
    _ bytes: UnsafeRawBufferPointer, name: String, isWritable: Bool
  ) -> UnsafeMutableRawPointer {
    let room = room(bytes.count, name: name)
    if let base = bytes.baseAddress { room.copyMemory(from: base, byteCount: bytes.count) }
    if !isWritable { seal() }
    return room
  }

  /// Makes room for so many bytes, all zero. Valid until `reset`.
  func room(_ count: Int, name: String) -> UnsafeMutableRawPointer {
    defer { used += 1 }
    guard edge == .pattern else { return guarded(count, name: name) }
    let margin = Self.margin
    if used == blocks.count || blocks[used].capacity < count {
      let capacity = count + count / 4
      let start = Self.allocate(capacity + 2 * margin)
      if used == blocks.count {
        blocks.append(Block(start: start, capacity: capacity))
      } else {
        free(blocks[used].start)
        blocks[used] = Block(start: start, capacity: capacity)
      }
    }
    blocks[used].count = count
    blocks[used].name = name
    let start = blocks[used].start
    memset(start, Int32(Self.pattern), margin)
    memset(start + margin, 0, count)
    memset(start + margin + count, Int32(Self.pattern), margin)
    return start + margin
  }

  /// Takes the right to write to what was placed last, where the memory is guarded.
  func seal() {
    guard edge != .pattern, let block = blocks.last else { return }
    mprotect(block.start, block.capacity, PROT_READ)
  }

  /// Looks at the patterns around all that was placed since `reset`.
  ///
  /// - Throws: `.pluginFault` that names what the function wrote beyond.
  func verify() throws(FulcrumError) {
    guard edge == .pattern else { return }
    for block in blocks[..<used] {
      let sides = [("before the beginning", 0), ("past the end", Self.margin + block.count)]
      for (side, offset) in sides {
        let margin = UnsafeRawBufferPointer(start: block.start + offset, count: Self.margin)
        guard margin.allSatisfy({ $0 == Self.pattern }) else {
          throw FulcrumError(
            .pluginFault,
            "the function wrote \(side) of '\(block.name)', which has \(block.count) bytes",
            hint: "it may touch only as many values as the counts say; report it to its author")
        }
      }
    }
  }

  private static func allocate(_ count: Int) -> UnsafeMutableRawPointer {
    var pointer: UnsafeMutableRawPointer?
    let status = posix_memalign(&pointer, margin, max(count, margin))
    guard status == 0, let pointer else { preconditionFailure("the system has no memory left") }
    return pointer
  }

  /// Makes room between two pieces of memory that can't be touched, against one of them.
  private func guarded(_ count: Int, name: String) -> UnsafeMutableRawPointer {
    let page = Int(getpagesize())
    let size = max(1, (count + page - 1) / page) * page
    let mapping = mmap(nil, size + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let mapping, mapping != MAP_FAILED,
      mprotect(mapping + page, size, PROT_READ | PROT_WRITE) == 0
    else { preconditionFailure("the system has no memory left") }
    let start = mapping + page
    GuardFault.watch(mapping, page, touching: "before the beginning of '\(name)'")
    GuardFault.watch(start, size, touching: "'\(name)', which it may only read")
    GuardFault.watch(start + size, page, touching: "past the end of '\(name)'")
    blocks.append(Block(start: start, capacity: size, count: count, name: name))
    return edge == .end ? start + size - count : start
  }
}
