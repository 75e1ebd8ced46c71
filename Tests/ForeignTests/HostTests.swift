import Digests
import Foundation
import FulcrumKernel
import PluginHost
import Testing

/// How the host finds, lists, pins and refuses manifests.
@Suite struct HostTests {
  private let workshop: Workshop

  init() throws {
    workshop = try Workshop()
    try workshop.build(Workshop.code)
    try workshop.write("x.fulcrum.yaml", Workshop.manifest)
  }

  private func sha256(_ names: [String]) throws -> String {
    FileDigest.sha256(
      of: try names.flatMap {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: workshop.file($0))))
      })
  }

  private func text(of error: FulcrumError?) -> String {
    (error?.description ?? "").replacing(workshop.path, with: "…")
  }

  @Test func `a name finds the manifest, and its path does too`() throws {
    let plugin = try workshop.host.load("x")
    #expect(plugin.name == "x")
    #expect(plugin.version == "0")
    #expect(plugin.stamp == nil)
    #expect(plugin.path == workshop.file("x.fulcrum.yaml"))
    #expect(plugin.foreign?.library == workshop.file("libx.so"))
    #expect(plugin.foreign?.function == "void twice(float *advantages, int64_t token_count)")
    let component = try workshop.host.component(.advantageTransform, "x")
    #expect(component.manual.summary == "doubles")
    let byPath = try workshop.host.component(
      .advantageTransform, workshop.file("x.fulcrum.yaml"))
    #expect(byPath.manual.name == "x")
    #expect(workshop.host.loaded.count == 1)
  }

  @Test func `the digest is that of manifest and library together, and pins both`() throws {
    let plugin = try workshop.host.load("x")
    let whole = try sha256(["x.fulcrum.yaml", "libx.so"])
    #expect(plugin.digest == whole)
    #expect(plugin.foreign?.manifestDigest == (try sha256(["x.fulcrum.yaml"])))
    #expect(plugin.foreign?.libraryDigest == (try sha256(["libx.so"])))
    for name in ["x.fulcrum.yaml", "libx.so"] {
      let old = try Data(contentsOf: URL(fileURLWithPath: workshop.file(name)))
      // Another file under the name: the old one is mapped.
      try (old + Data("\n".utf8)).write(
        to: URL(fileURLWithPath: workshop.file(name)), options: .atomic)
      try workshop.setPermissions(name, 0o644)
      let host = PluginHost(searchPath: workshop.host.searchPath)
      let error = #expect(throws: FulcrumError.self) { try host.load("x", pinnedDigest: whole) }
      #expect(
        text(of: error) == """
          …/x.fulcrum.yaml: refused: expected SHA-256 \(whole), got \
          \(try sha256(["x.fulcrum.yaml", "libx.so"]))
            hint: if the library was meant to change, pin the new digest with 'fulcrum plugin lock'
          """)
      try old.write(to: URL(fileURLWithPath: workshop.file(name)), options: .atomic)
      try workshop.setPermissions(name, 0o644)
    }
    #expect(
      try PluginHost(searchPath: workshop.host.searchPath).load("x", pinnedDigest: whole).digest
        == whole)
  }

  @Test func `files and folders that anybody may write to are refused`() throws {
    for name in ["libx.so", "x.fulcrum.yaml"] {
      try workshop.setPermissions(name, 0o646)
      let error = #expect(throws: FulcrumError.self) { try workshop.host.load("x") }
      #expect(
        text(of: error) == """
          …/x.fulcrum.yaml: refused: anybody may write to the file
            hint: run: chmod o-w '…/\(name)'
          """)
      try workshop.setPermissions(name, 0o644)
    }
    let elsewhere = workshop.file("open")
    try FileManager.default.createDirectory(
      atPath: elsewhere, withIntermediateDirectories: false)
    try FileManager.default.moveItem(
      atPath: workshop.file("libx.so"), toPath: elsewhere + "/libx.so")
    try workshop.setPermissions("open", 0o777)
    try workshop.write(
      "x.fulcrum.yaml", Workshop.manifest.replacing("libx.so", with: "open/libx.so"))
    let error = #expect(throws: FulcrumError.self) { try workshop.host.load("x") }
    #expect(
      text(of: error) == """
        …/x.fulcrum.yaml: refused: anybody may write to its folder …/open
          hint: run: chmod o-w '…/open'
        """)
  }

  @Test func `the list shows manifests without running anything, a library of the name first`()
    throws
  {
    try workshop.build(
      Workshop.code + """

        __attribute__((constructor)) static void mark(void) { fclose(fopen("\(workshop.file("mark"))", "w")); }
        """)
    try workshop.write("y.fulcrum.yaml", "name: [")
    try workshop.write("libfulcrum-x.so", "no library")
    let list = workshop.host.installed()
    #expect(list.map(\.name) == ["x", "x", "y"])
    #expect(list.map(\.isForeign) == [false, true, true])
    #expect(list[1].shadowedBy == workshop.file("libfulcrum-x.so"))
    #expect(try list[1].inspection.get().faults.isEmpty)
    #expect(try list[1].inspection.get().digest == (try sha256(["x.fulcrum.yaml", "libx.so"])))
    #expect(list.map(\.isUsable) == [false, false, false])
    try FileManager.default.removeItem(atPath: workshop.file("libfulcrum-x.so"))
    #expect(workshop.host.installed().map(\.isUsable) == [true, false])
    #expect(!FileManager.default.fileExists(atPath: workshop.file("mark")))
  }

  @Test func `another file name, and a component that is there already, are refused`() throws {
    let upper = try workshop.write("X.fulcrum.yaml", Workshop.manifest)
    let error = #expect(throws: FulcrumError.self) { try workshop.host.load(upper) }
    #expect(
      text(of: error) == """
        …/X.fulcrum.yaml: refused: expected a file name <name>.fulcrum.yaml, got X.fulcrum.yaml
          hint: a plugin's name is lower-case letters, digits and hyphens, starting with a letter
        """)
    _ = try workshop.host.load("x")
    try FileManager.default.createDirectory(
      atPath: workshop.file("other"), withIntermediateDirectories: false,
      attributes: [.posixPermissions: 0o755])
    let other = try workshop.write(
      "other/x.fulcrum.yaml", Workshop.manifest.replacing("libx.so", with: "../libx.so"))
    let clash = #expect(throws: FulcrumError.self) { try workshop.host.load(other) }
    #expect(
      text(of: clash) == """
        …/other/x.fulcrum.yaml: refused, 2 faults:
          1. a plugin 'x' is loaded already, from …/x.fulcrum.yaml
             hint: use one of the two
          2. it registers advantage-transform 'x', which plugin 'x' (…/x.fulcrum.yaml) has too
             hint: use one of the two, or rename the component
        """)
  }

  @Test func `a link to a manifest of another name is a plugin of the link's name`() throws {
    try FileManager.default.moveItem(
      atPath: workshop.file("x.fulcrum.yaml"), toPath: workshop.file("stored.fulcrum.yaml"))
    try FileManager.default.createSymbolicLink(
      atPath: workshop.file("x.fulcrum.yaml"),
      withDestinationPath: workshop.file("stored.fulcrum.yaml"))
    #expect(try workshop.host.load("x").name == "x")
  }

  @Test func `without the program that runs the examples nothing is loaded`() throws {
    // Bytes that no other test has: their examples have not been run.
    try workshop.write("x.fulcrum.yaml", Workshop.manifest + "# no program\n")
    let host = PluginHost(
      searchPath: workshop.host.searchPath,
      foreignChecker: ForeignChecker(program: workshop.file("absent")))
    let error = #expect(throws: FulcrumError.self) { try host.load("x") }
    #expect(
      text(of: error).hasPrefix(
        "…/x.fulcrum.yaml: refused: its examples can't be run by …/absent: "))
    #expect(
      error?.hint
        == "the program fulcrum must lie there, and there must be room for temporary files")
  }

  @Test func `the examples run once for the same bytes`() throws {
    // A child that finds the file does not pass: the second host must not ask one.
    try workshop.build(
      """
      void twice(float *a, int64_t n) {
        FILE *file = fopen("\(workshop.file("spoilt"))", "r");
        for (int64_t i = 0; i < n; ++i) a[i] *= file ? 0 : 2;
      }
      """)
    _ = try workshop.host.load("x")
    try workshop.write("spoilt", "")
    _ = try PluginHost(searchPath: workshop.host.searchPath).load("x")
    // Other bytes are another library.
    try workshop.write("x.fulcrum.yaml", Workshop.manifest + "# again\n")
    let error = #expect(throws: FulcrumError.self) {
      try PluginHost(searchPath: workshop.host.searchPath).load("x")
    }
    #expect(text(of: error).contains("expected advantages[0] = 2.0"))
  }
}
