import Foundation
import FulcrumKernel
import PluginHost
import Testing

/// Tests that the host refuses what anybody could have put there, and what is not what the
/// configuration pinned.
@Suite struct PermissionTests {
  let folder: TemporaryFolder
  let host = PluginHost(searchPath: PluginSearchPath(), formats: [SwiftLibraries()])

  init() throws { folder = try TemporaryFolder() }

  private func text(of error: FulcrumError?) -> String {
    folder.hide(in: error?.description ?? "")
  }

  @Test func `a folder that anybody may write to is refused`() throws {
    let path = try CPlugin().build(in: folder)
    try folder.setPermissions("", 0o777)
    let error = #expect(throws: FulcrumError.self) { try host.load(path) }
    #expect(error?.code == .pluginRefused)
    #expect(
      text(of: error) == """
        …/libfulcrum-x.so: refused: anybody may write to its folder …
          hint: run: chmod o-w '…'
        """)
  }

  @Test func `a file that anybody may write to is refused`() throws {
    let path = try CPlugin().build(in: folder)
    try folder.setPermissions("libfulcrum-x.so", 0o757)
    let error = #expect(throws: FulcrumError.self) { try host.load(path) }
    #expect(
      text(of: error) == """
        …/libfulcrum-x.so: refused: anybody may write to the file
          hint: run: chmod o-w '…/libfulcrum-x.so'
        """)
  }

  @Test func `a link does not hide the folder that it leads to`() throws {
    let open = try folder.folder("open")
    try CPlugin().build(in: folder, as: "open/libfulcrum-x.so")
    try folder.setPermissions("open", 0o777)
    let link = folder.file("libfulcrum-x.so")
    try FileManager.default.createSymbolicLink(
      atPath: link, withDestinationPath: open + "/libfulcrum-x.so")
    let error = #expect(throws: FulcrumError.self) { try host.load(link) }
    #expect(
      text(of: error) == """
        …/libfulcrum-x.so: refused: anybody may write to its folder …/open
          hint: run: chmod o-w '…/open'
        """)
  }

  @Test func `another digest than the pinned one is refused`() throws {
    let path = try folder.write("libfulcrum-x.so", Array("abc".utf8))
    let pin = String(repeating: "1", count: 64)
    let error = #expect(throws: FulcrumError.self) { try host.load(path, pinnedDigest: pin) }
    // SHA-256 of "abc" is the first example of FIPS 180-2, appendix B.
    #expect(
      text(of: error) == """
        …/libfulcrum-x.so: refused, 2 faults:
          1. not an ELF file, which a shared library on this system is
             hint: give the library that the build made, libfulcrum-<name>.so
          2. expected SHA-256 \(pin), got \
        ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
             hint: if the library was meant to change, pin the new digest with 'fulcrum plugin lock'
        """)
  }

  @Test(arguments: ["", "abc", String(repeating: "g", count: 64), "sha256:12"])
  func `a pin that is no digest is the configuration's fault`(pin: String) throws {
    let path = try CPlugin().build(in: folder)
    let error = #expect(throws: FulcrumError.self) { try host.load(path, pinnedDigest: pin) }
    #expect(error?.code == .configuration)
    #expect(
      error?.description == """
        expected a SHA-256 digest of 64 hexadecimal digits, got '\(pin)'
          hint: take the one that 'fulcrum plugin info' or 'sha256sum' prints
        """)
  }

  @Test func `a path to nothing is not found`() throws {
    let error = #expect(throws: FulcrumError.self) {
      try host.load(folder.file("libfulcrum-x.so"))
    }
    #expect(error?.code == .notFound)
    #expect(
      text(of: error) == """
        …/libfulcrum-x.so: there is no such file
          hint: check the path; a plugin on the search path is named without one
        """)
  }

  @Test func `a file too large to be a library is not read`() throws {
    let path = try folder.write("libfulcrum-x.so", [])
    // Sparse: it takes no room on the disk.
    #expect(truncate(path, 1 << 40) == 0)
    let error = #expect(throws: FulcrumError.self) { try host.load(path) }
    #expect(error?.code == .inputOutput)
    #expect(
      text(of: error) == """
        …/libfulcrum-x.so: expected at most 4294967296 bytes, got 1099511627776
          hint: give the path of a library, libfulcrum-<name>.so
        """)
  }

  @Test func `a folder or a pipe is not a library`() throws {
    _ = try folder.folder("libfulcrum-x.so")
    #expect(mkfifo(folder.file("libfulcrum-y.so"), 0o600) == 0)
    for name in ["libfulcrum-x.so", "libfulcrum-y.so"] {
      let error = #expect(throws: FulcrumError.self) { try host.load(folder.file(name)) }
      #expect(error?.code == .inputOutput)
      #expect(
        text(of: error) == """
          …/\(name): expected a file, got a folder or a device
            hint: give the path of a library, libfulcrum-<name>.so
          """)
    }
  }
}
