import Foundation
import FulcrumKernel
import Synchronization

/// Notes which component's code the process is in, for a reader after it has died.
///
/// The note is a line of fixed size that stages overwrite: `step 7, in advantage grpo`, or
/// `step 7, after advantage grpo` where that has returned. It lies in memory that a process which
/// watches this one shares with it (see `Supervisor`). Kept in a file it survives every way to die,
/// for the file is mapped and its page is the system's.
package enum StageMark {
  /// The line's size in bytes; the last byte ends it.
  private static let size = 256

  private struct State {
    var step = 0
    var stage = "the start"
    var isInside = false

    var text: String { "step \(step), \(isInside ? "in" : "after") \(stage)" }
  }

  private static let state = Mutex(State())
  /// The line's memory, shared with processes that are forked from now on. It is written under the
  /// mutex; who watches reads it without, at worst half a line.
  nonisolated(unsafe) private static let shared = map(descriptor: -1)
  /// The same line in a file, if it is kept in one.
  nonisolated(unsafe) private static var file: UnsafeMutablePointer<UInt8>?

  /// The current line, for a process that shares its memory.
  static var line: String { shared.map { String(cString: $0) } ?? "" }

  /// Makes the memory, before the process is forked.
  static func share() { _ = shared }

  /// Keeps the line in a file, too, from now on, where the file system can map it.
  package static func keep(in path: String) {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    guard ftruncate(descriptor, off_t(size)) == 0, let memory = map(descriptor: descriptor) else {
      return
    }
    state.withLock { _ in file = memory }
  }

  /// - Parameter descriptor: −1: memory without a file.
  private static func map(descriptor: Int32) -> UnsafeMutablePointer<UInt8>? {
    let flags = MAP_SHARED | (descriptor < 0 ? MAP_ANONYMOUS : 0)
    let memory = mmap(nil, size, PROT_READ | PROT_WRITE, flags, descriptor, 0)
    return memory == MAP_FAILED ? nil : memory?.bindMemory(to: UInt8.self, capacity: size)
  }

  /// Returns the line that another process of this run left in the file; `nil` if there is none, or
  /// the process ended by itself.
  package static func left(in path: String) -> String? {
    let data = FileManager.default.contents(atPath: path) ?? Data()
    let text = String(decoding: data.prefix { $0 != 0 }, as: UTF8.self)
    return text.isEmpty ? nil : text
  }

  /// Sets the number of the step that the following stages belong to.
  package static func begin(step: Int) { change { $0.step = step } }

  /// Marks a stage.
  ///
  /// - Returns: the stage around it, for `leave`; `nil` if there is none.
  static func enter(_ stage: String) -> String? {
    let outer = state.withLock { $0.isInside ? $0.stage : nil }
    change {
      $0.stage = stage
      $0.isInside = true
    }
    return outer
  }

  /// Marks that a stage's code has returned.
  static func leave(to outer: String?) {
    change {
      if let outer { $0.stage = outer } else { $0.isInside = false }
    }
  }

  /// Clears the line: the process ends by itself, so there is nothing to tell.
  package static func end() { state.withLock { _ in file?[0] = 0 } }

  private static func change(_ body: (inout State) -> Void) {
    state.withLock { state in
      body(&state)
      let text = Array(state.text.utf8.prefix(size - 1))
      for memory in [shared, file].compactMap({ $0 }) {
        for (place, byte) in text.enumerated() { memory[place] = byte }
        memory[text.count] = 0
      }
    }
  }
}
