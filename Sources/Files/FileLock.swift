import Foundation
import FulcrumKernel
import ProcessCalls

/// Keeps other processes out for as long as this one has the lock.
///
/// The lock is the system's (flock(2)) on a file. It goes when the process does, however that ends,
/// so a killed process leaves nothing to clear away. The file itself stays.
package final class FileLock {
  /// Whether the file system has locks; if not, nothing keeps a second process out.
  package let isHeld: Bool
  private let descriptor: Int32

  /// Takes the lock; `nil` if another process has it (see `holder`).
  ///
  /// - Parameter path: the file's path; the file is made if it is missing.
  package init?(_ path: String) throws(FulcrumError) {
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      isHeld = false
      throw SystemFault.error("open it", path)
    }
    var status = flock(descriptor, LOCK_EX | LOCK_NB)
    while status != 0, errno == EINTR { status = flock(descriptor, LOCK_EX | LOCK_NB) }
    isHeld = status == 0
    if status != 0, errno == EWOULDBLOCK { return nil }
    guard isHeld else { return }
    // A copy of this process that somebody makes by fork would hold the lock, too.
    process_own_descriptor(descriptor)
    // Names the holder to processes that are refused. The lock holds without this text.
    let text = Data("\(getpid()) \(Self.machine)\n".utf8)
    _ = ftruncate(descriptor, 0)
    _ = text.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
  }

  deinit {
    guard descriptor >= 0 else { return }
    process_disown_descriptor(descriptor)
    close(descriptor)
  }

  /// Returns who has the lock on a file, for messages: `process 77 on elsewhere`.
  package static func holder(of path: String) -> String {
    let data = FileManager.default.contents(atPath: path) ?? Data()
    let words = String(decoding: data, as: UTF8.self).split(whereSeparator: \.isWhitespace)
    guard let process = words.first.flatMap({ Int($0) }) else { return "another process" }
    guard let other = words.dropFirst().first, other != machine else { return "process \(process)" }
    return "process \(process) on \(other)"
  }

  private static var machine: String { ProcessInfo.processInfo.hostName }
}
