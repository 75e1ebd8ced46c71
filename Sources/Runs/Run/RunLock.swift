import Files
import Foundation
import FulcrumKernel

/// Keeps a second process out of a run directory for as long as this one holds it.
///
/// The lock is the system's (flock(2)) on the file `run.lock`: it goes when the process does, however
/// that ends, so that a killed run leaves nothing to clear away. The file itself stays.
package final class RunLock {
  /// Whether the file system has locks; if not, nothing keeps a second process out.
  package let isHeld: Bool
  private let descriptor: Int32

  /// Makes the folder if it is missing, and takes the lock.
  ///
  /// - Throws: `.usage` naming the process that has it.
  package init(_ folder: String) throws(FulcrumError) {
    try SafeFiles.makeFolder(folder)
    let path = folder + "/run.lock"
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      isHeld = false
      throw SystemFault.error("open it", path)
    }
    var status = flock(descriptor, LOCK_EX | LOCK_NB)
    while status != 0, errno == EINTR { status = flock(descriptor, LOCK_EX | LOCK_NB) }
    isHeld = status == 0
    if status != 0, errno == EWOULDBLOCK {
      throw FulcrumError(
        .usage, "\(Self.holder(path)) is at work in this run directory", at: folder,
        hint: "wait until it ends, or stop it; for another run take another directory, with"
          + " --set output=DIRECTORY")
    }
    guard isHeld else { return }
    // For whoever is refused; the lock holds without it.
    let text = Data("\(getpid()) \(Self.machine)\n".utf8)
    _ = ftruncate(descriptor, 0)
    _ = text.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  private static var machine: String { ProcessInfo.processInfo.hostName }

  private static func holder(_ path: String) -> String {
    let data = FileManager.default.contents(atPath: path) ?? Data()
    let words = String(decoding: data, as: UTF8.self).split(whereSeparator: \.isWhitespace)
    guard let process = words.first.flatMap({ Int($0) }) else { return "another process" }
    guard let other = words.dropFirst().first, other != machine else { return "process \(process)" }
    return "process \(process) on \(other)"
  }
}
