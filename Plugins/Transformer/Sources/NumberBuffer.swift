import Glibc

/// Holds memory for numbers that only grows, so that its pages are touched once and kept.
///
/// First use of fresh pages costs several times what arithmetic on them does.
package final class NumberBuffer<Number: BitwiseCopyable> {
  package typealias Pointer = UnsafeMutablePointer<Number>

  /// The place of the numbers, which changes when `reserve` has to grow.
  package private(set) var pointer: Pointer
  package private(set) var count: Int

  package init(count: Int = 0) {
    self.count = count
    pointer = Self.allocate(count)
  }

  deinit { free(pointer) }

  /// Makes room for `needed` numbers. If the buffer grows, its numbers are lost and become zeros.
  @discardableResult
  package func reserve(_ needed: Int) -> Pointer {
    if needed > count {
      free(pointer)
      // An eighth more, so that a slowly growing need doesn't touch pages anew at every call.
      count = needed + needed / 8
      pointer = Self.allocate(count)
    }
    return pointer
  }

  /// Sets all numbers to zero.
  package func clear() { memset(pointer, 0, count * MemoryLayout<Number>.stride) }

  private static func allocate(_ count: Int) -> Pointer {
    // Aligns to whole huge pages from 4 MiB on; else to a cache line.
    let bytes = max(64, count * MemoryLayout<Number>.stride)
    let alignment = bytes >= 4 << 20 ? 2 << 20 : 64
    var memory: UnsafeMutableRawPointer?
    let status = posix_memalign(&memory, alignment, bytes)
    guard status == 0, let memory else {
      preconditionFailure("out of memory: \(bytes) bytes for numbers")
    }
    if alignment > 64 { madvise(memory, bytes, MADV_HUGEPAGE) }
    memset(memory, 0, bytes)
    return memory.bindMemory(to: Number.self, capacity: max(16, count))
  }
}

package typealias FloatBuffer = NumberBuffer<Float>
/// Numbers of bfloat16, as their bits.
typealias BrainFloatBuffer = NumberBuffer<UInt16>
