import Digests
import Files
import Foundation
import FulcrumKernel
import Testing

@Suite final class FileDigestTests {
  private let folder = NSTemporaryDirectory() + "fulcrum-" + UUID().uuidString

  init() throws { try SafeFiles.makeFolder(folder) }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  @Test func `digests are FIPS 180-4's, of bytes and of files longer than a piece`() throws {
    #expect(
      FileDigest.sha256(of: Array("abc".utf8))
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    let path = folder + "/a"
    // Its third example, a million letters a: 976 KiB, then over the buffer's MiB.
    try Data(repeating: UInt8(ascii: "a"), count: 1_000_000).write(to: URL(fileURLWithPath: path))
    #expect(
      try FileDigest.sha256(ofFile: path)
        == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    let bytes = (0..<3_000_001).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    #expect(try FileDigest.sha256(ofFile: path) == FileDigest.sha256(of: bytes))
    let error = #expect(throws: FulcrumError.self) {
      try FileDigest.sha256(ofFile: self.folder + "/none")
    }
    #expect(error?.message == "could not open it: No such file or directory")
  }
}
