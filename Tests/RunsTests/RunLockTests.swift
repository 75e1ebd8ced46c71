import Files
import Foundation
import FulcrumKernel
import Runs
import Testing

@Suite struct RunLockTests {
  private let folder = NSTemporaryDirectory() + "fulcrum-" + UUID().uuidString

  @Test func `a directory is locked once, and free again when its holder is gone`() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    do {
      let lock = try RunLock(folder)
      #expect(lock.isHeld)
      let error = #expect(throws: FulcrumError.self) { try RunLock(folder) }
      #expect(error?.code == .usage)
      #expect(
        error?.description
          == "\(folder): process \(getpid()) is at work in this run directory\n  hint: wait until"
          + " it ends, or stop it; for another run take another directory, with"
          + " --set output=DIRECTORY")
      withExtendedLifetime(lock) {}
    }
    #expect(try RunLock(folder).isHeld)
  }

  @Test func `a lock file of a process that is gone locks nothing`() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try SafeFiles.makeFolder(folder)
    try SafeFiles.write("1 elsewhere\n", to: folder + "/run.lock")
    let lock = try RunLock(folder)
    #expect(lock.isHeld)
    let text = try String(contentsOfFile: folder + "/run.lock", encoding: .utf8)
    #expect(text.hasPrefix("\(getpid()) ") && text.hasSuffix("\n"))
    // Whoever holds it on another machine is named with it.
    try "77 elsewhere\n".write(toFile: folder + "/run.lock", atomically: false, encoding: .utf8)
    let error = #expect(throws: FulcrumError.self) { try RunLock(folder) }
    #expect(error?.message == "process 77 on elsewhere is at work in this run directory")
    withExtendedLifetime(lock) {}
  }

  @Test func `a directory that can't be made is refused by its name`() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try SafeFiles.makeFolder(folder)
    try SafeFiles.write("", to: folder + "/file")
    let error = #expect(throws: FulcrumError.self) { try RunLock(folder + "/file/run") }
    #expect(
      error?.description
        == "\(folder)/file/run: could not make the folder: Not a directory\n  hint: a file lies"
        + " where a folder should be: move it away, or take another directory")
  }
}
