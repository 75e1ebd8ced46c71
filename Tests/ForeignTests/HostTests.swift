import Digests
import ForeignPlugins
import Foundation
import FulcrumKernel
import PluginHost
import Testing

/// Tests that the host finds, lists, pins and refuses manifests.
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
    #expect(plugin.path == workshop.file("x.fulcrum.yaml"))
    #expect(plugin.files.map(\.role) == ["manifest", "library"])
    #expect(plugin.files.map(\.path) == ["x.fulcrum.yaml", "libx.so"].map(workshop.file))
    #expect(
      plugin.notes == [
        LoadedLibrary.Note("calls", "void twice(float *advantages, int64_t token_count)")
      ])
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
    #expect(
      plugin.files.map(\.digest) == [try sha256(["x.fulcrum.yaml"]), try sha256(["libx.so"])])
    for name in ["x.fulcrum.yaml", "libx.so"] {
      let old = try Data(contentsOf: URL(fileURLWithPath: workshop.file(name)))
      // Another file under the name: the old one is mapped.
      try (old + Data("\n".utf8)).write(
        to: URL(fileURLWithPath: workshop.file(name)), options: .atomic)
      try workshop.setPermissions(name, 0o644)
      let host = workshop.anotherHost()
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
      try workshop.anotherHost().load("x", pinnedDigest: whole).digest
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

  @Test func `the list shows manifests without running anything`() throws {
    try workshop.build(
      Workshop.code + """

        __attribute__((constructor)) static void mark(void) { fclose(fopen("\(workshop.file("mark"))", "w")); }
        """)
    try workshop.write("y.fulcrum.yaml", "name: [")
    let list = workshop.host.installed()
    #expect(list.map(\.name) == ["x", "y"])
    #expect(list.map { $0.kinds.contains(.policy) } == [false, false])
    #expect(try list[0].inspection.get().faults.isEmpty)
    #expect(try list[0].inspection.get().digest == (try sha256(["x.fulcrum.yaml", "libx.so"])))
    #expect(list.map(\.isUsable) == [true, false])
    #expect(!FileManager.default.fileExists(atPath: workshop.file("mark")))
  }

  @Test func `a name in two formats in one folder is refused with both files`() throws {
    try workshop.write("libfulcrum-x.so", "no library")
    let ambiguity = """
      plugin 'x' is there twice: …/libfulcrum-x.so and …/x.fulcrum.yaml
        hint: remove or rename all but one of them, or write the path of the one that is meant
      """
    let error = #expect(throws: FulcrumError.self) { try workshop.host.load("x") }
    #expect(error?.code == .usage)
    #expect(text(of: error) == ambiguity)
    #expect(try workshop.host.inspect("x") == nil)

    let list = workshop.host.installed()
    #expect(list.map { text(of: $0.ambiguity) } == [ambiguity, ambiguity])
    #expect(list.map(\.isUsable) == [false, false])
    #expect(throws: FulcrumError.self) { try workshop.host.load(list[1]) }
    // A path says which one is meant, and then the name does too.
    #expect(try workshop.host.load(workshop.file("x.fulcrum.yaml")).name == "x")
    #expect(try workshop.host.load("x").path == workshop.file("x.fulcrum.yaml"))
  }

  @Test func `a folder before shadows all formats of a name in the ones after`() throws {
    try workshop.write("libfulcrum-x.so", "no library")
    try FileManager.default.createDirectory(
      atPath: workshop.file("first"), withIntermediateDirectories: false,
      attributes: [.posixPermissions: 0o755])
    let first = try workshop.write(
      "first/x.fulcrum.yaml", Workshop.manifest.replacing("libx.so", with: "../libx.so"))
    let host = PluginHost(
      searchPath: PluginSearchPath(configured: [workshop.file("first"), workshop.path]),
      formats: Workshop.formats())
    #expect(try host.load("x").path == first)
    let list = host.installed()
    #expect(list.map(\.shadowedBy) == [nil, first, first])
    #expect(list.map { $0.ambiguity == nil } == [true, true, true])
  }

  @Test func `what is said of names and paths speaks of each format`() throws {
    let missing = #expect(throws: FulcrumError.self) { try workshop.host.load("z") }
    #expect(
      text(of: missing).hasPrefix(
        "no plugin 'z': none of these folders has a libfulcrum-z.so or z.fulcrum.yaml:\n  … ("))
    let bad = #expect(throws: FulcrumError.self) {
      try workshop.host.component(.reward, "a/b/c")
    }
    #expect(
      bad?.hint == "write a plugin's name, 'plugin/component', or a path that ends in .so or"
        + " .fulcrum.yaml")
    let file = #expect(throws: FulcrumError.self) { try workshop.host.load("x.fulcrum.yaml") }
    #expect(file?.hint == "for a file in the working folder, write './x.fulcrum.yaml'")
    // Relative paths with a format's suffix are paths.
    let path = #expect(throws: FulcrumError.self) {
      try workshop.host.component(.reward, "a/x.fulcrum.yaml")
    }
    #expect(path?.message == "there is no such file")
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
    let host = workshop.anotherHost(program: workshop.file("absent"))
    let error = #expect(throws: FulcrumError.self) { try host.load("x") }
    #expect(
      text(of: error).hasPrefix(
        "…/x.fulcrum.yaml: refused: its examples can't be run by …/absent: "))
    #expect(
      error?.hint
        == "the program fulcrum must lie there, and the system must have room for a process")
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
    _ = try workshop.anotherHost().load("x")
    // Other bytes are another library.
    try workshop.write("x.fulcrum.yaml", Workshop.manifest + "# again\n")
    let error = #expect(throws: FulcrumError.self) {
      try workshop.anotherHost().load("x")
    }
    #expect(text(of: error).contains("expected advantages[0] = 2.0"))
  }
}
