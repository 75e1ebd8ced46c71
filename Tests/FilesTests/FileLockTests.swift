import Files
import Foundation
import FulcrumKernel
import Testing

@Suite final class FileLockTests {
  private let folder = NSTemporaryDirectory() + "fulcrum-" + UUID().uuidString

  init() throws { try SafeFiles.makeFolder(folder) }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  @Test func `one holder at a time, and none when it is gone`() throws {
    let path = folder + "/lock"
    do {
      let lock = try #require(try FileLock(path))
      #expect(lock.isHeld)
      #expect(try FileLock(path) == nil)
      #expect(FileLock.holder(of: path) == "process \(getpid())")
      withExtendedLifetime(lock) {}
    }
    #expect(try FileLock(path)?.isHeld == true)
  }

  @Test func `who holds it is read from the file, whatever is in it`() throws {
    let path = folder + "/lock"
    #expect(FileLock.holder(of: path) == "another process")
    try SafeFiles.write("77 elsewhere\n", to: path)
    #expect(FileLock.holder(of: path) == "process 77 on elsewhere")
    try SafeFiles.write("?\n", to: path)
    #expect(FileLock.holder(of: path) == "another process")
  }

  @Test func `a file that can't be made is named`() {
    let error = #expect(throws: FulcrumError.self) { try FileLock(self.folder + "/none/lock") }
    #expect(error?.message == "could not open it: No such file or directory")
  }
}
