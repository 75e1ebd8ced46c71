import Files
import Foundation
import FulcrumKernel

/// Keeps a second process out of a run directory for as long as this one holds it, by a lock on the
/// file `run.lock`.
package final class RunLock {
  private let lock: FileLock

  /// Whether the file system has locks; if not, nothing keeps a second process out.
  package var isHeld: Bool { lock.isHeld }

  /// The time that a process which was killed may take to be gone, in seconds.
  private static let patience = 2.0

  /// Makes the folder if it is missing, and takes the lock.
  ///
  /// - Parameters:
  ///   - name: the lock's file.
  ///   - place: what the folder is, for messages.
  /// - Throws: `.usage` naming the process that has it.
  package init(
    _ folder: String, name: String = "run.lock", place: String = "this run directory"
  ) throws(FulcrumError) {
    try SafeFiles.makeFolder(folder)
    let path = folder + "/" + name
    var lock = try FileLock(path)
    let latest = ContinuousClock.now + .seconds(Self.patience)
    while lock == nil, ContinuousClock.now < latest {
      usleep(50_000)
      lock = try FileLock(path)
    }
    guard let lock else {
      throw FulcrumError(
        .usage, "\(FileLock.holder(of: path)) is at work in \(place)", at: folder,
        hint: "wait until it ends, or stop it; for another run take another directory, with"
          + " --set output=DIRECTORY")
    }
    self.lock = lock
  }
}
