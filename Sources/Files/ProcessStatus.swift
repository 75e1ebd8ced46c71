import Foundation

/// Holds what the kernel says of a process in `/proc/N/stat`.
package struct ProcessStatus {
  /// The process has ended and waits for its parent.
  package let hasEnded: Bool
  package let group: pid_t
  /// The beginning of the process, in the kernel's ticks: tells it from another that gets its number later.
  package let beginning: UInt64

  /// - Returns: `nil` for a process that is no more.
  package init?(of process: pid_t) {
    let bytes = (try? FileSystem.contents(of: "/proc/\(process)/stat").bytes) ?? []
    let text = String(decoding: bytes, as: UTF8.self)
    // The program's name is in parentheses and may hold anything; then come state, parent, group, ….
    guard let name = text.lastIndex(of: ")") else { return nil }
    let fields = text[text.index(after: name)...].split(separator: " ")
    guard fields.count > 19, let group = pid_t(fields[2]), let beginning = UInt64(fields[19]) else {
      return nil
    }
    hasEnded = fields[0] == "Z" || fields[0] == "X"
    self.group = group
    self.beginning = beginning
  }
}
