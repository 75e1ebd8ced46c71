import Foundation
import FulcrumKernel

/// Tells how much memory the machine, or this process's part of it, has left.
package enum AvailableMemory {
  /// The bytes that processes can still take; `nil`: the system doesn't say.
  package static var bytes: Int? {
    [machine, group].compactMap(\.self).min()
  }

  private static var machine: Int? {
    let line = text("/proc/meminfo")?.split(separator: "\n").first {
      $0.hasPrefix("MemAvailable:")
    }
    return line?.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 * 1024 }
  }

  /// What a container leaves: its limit without what is in use, but for files that can be read again.
  private static var group: Int? {
    let folder = "/sys/fs/cgroup"
    guard let limit = number("\(folder)/memory.max"), let used = number("\(folder)/memory.current")
    else { return nil }
    let files = text("\(folder)/memory.stat")?.split(separator: "\n").first {
      $0.hasPrefix("inactive_file ")
    }
    let reclaimable = files?.split(separator: " ").last.flatMap { Int($0) } ?? 0
    return max(0, limit - used + reclaimable)
  }

  private static func number(_ path: String) -> Int? {
    text(path).flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
  }

  private static func text(_ path: String) -> String? {
    try? String(contentsOfFile: path, encoding: .utf8)
  }
}

extension MemoryEstimate {
  /// Refuses more runs at once than there is memory for.
  ///
  /// - Parameter available: in bytes; `nil`: unknown, and nothing is refused.
  package func require(runs: Int, in available: Int? = AvailableMemory.bytes) throws(FulcrumError) {
    guard let available, runs * bytes > available else { return }
    let most = available / max(1, bytes)
    throw FulcrumError(
      .usage,
      "expected memory for \(runs) runs at once, about \(BatchArithmetic.bytes(runs * bytes)), found"
        + " \(BatchArithmetic.bytes(available))", at: "--parallel",
      hint: most > 0
        ? "there is room for \(most): --parallel \(most)"
        : "there is no room for one: take fewer or shorter completions")
  }
}
