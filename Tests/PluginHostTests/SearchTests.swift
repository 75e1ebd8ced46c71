import FulcrumKernel
import PluginHost
import Testing

@Suite struct SearchTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func error(_ reference: String, _ path: PluginSearchPath) -> FulcrumError? {
    let host = PluginHost(searchPath: path, formats: [SwiftLibraries()])
    return #expect(throws: FulcrumError.self) { try host.load(reference) }
  }

  private func text(of error: FulcrumError?) -> String {
    folder.hide(in: error?.description ?? "")
  }

  @Test func `folders are searched in the order of who named them`() {
    let path = PluginSearchPath(
      configured: ["/no/a", "/no/b"], environment: "/no/c::/no/a:/no/d", executableFolder: "/no/e",
      prefix: "/no/f")
    #expect(
      path.folders.map { "\($0.path) (\($0.origin))" } == [
        "/no/a (plugin-path of the configuration)",
        "/no/b (plugin-path of the configuration)",
        "/no/c (FULCRUM_PLUGIN_PATH)",
        "/no/d (FULCRUM_PLUGIN_PATH)",
        "/no/e (beside the executable)",
        "/no/f/lib/fulcrum/plugins (the installation's prefix)",
      ])
  }

  @Test func `a miss lists every place and the nearest names`() throws {
    let first = try folder.folder("first")
    for name in ["lopti", "grpo"] { try folder.write("first/libfulcrum-\(name).so", []) }
    let path = PluginSearchPath(configured: [first], environment: folder.file("absent"))
    let error = error("lopty", path)
    #expect(error?.code == .notFound)
    #expect(
      text(of: error) == """
        no plugin 'lopty': none of these folders has a libfulcrum-lopty.so:
          …/first (plugin-path of the configuration)
          …/absent (FULCRUM_PLUGIN_PATH; can't be read)
          hint: did you mean 'lopti'?
        """)
  }

  @Test func `a miss without a near name lists all that there are`() throws {
    for name in ["lopti", "grpo"] { try folder.write("libfulcrum-\(name).so", []) }
    #expect(
      text(of: error("knights-and-knaves", PluginSearchPath(configured: [folder.path]))) == """
        no plugin 'knights-and-knaves': none of these folders has a \
        libfulcrum-knights-and-knaves.so:
          … (plugin-path of the configuration)
          hint: known: grpo, lopti
        """)
  }

  @Test func `an empty search path says how to fill it`() {
    #expect(
      text(of: error("lopti", PluginSearchPath())) == """
        no plugin 'lopti': the search path is empty
          hint: put the plugin's folder into plugin-path or FULCRUM_PLUGIN_PATH
        """)
  }

  @Test(arguments: [
    ("Lopti", "did you mean 'lopti'?"),
    ("advantage_reweighting", "did you mean 'advantage-reweighting'?"),
    ("libfulcrum-x.so", "for a file in the working folder, write './libfulcrum-x.so'"),
    ("", "a path to a library contains a slash and ends in .so"),
  ])
  func `a name that breaks the rule is refused with a remedy`(name: String, hint: String) {
    let error = error(name, PluginSearchPath())
    #expect(error?.code == .usage)
    #expect(
      error?.description == """
        expected a name of lower-case letters, digits and hyphens, starting with a letter, got \
        '\(name)'
          hint: \(hint)
        """)
  }

  @Test func `the first hit wins, even if it is unsound`() throws {
    let first = try folder.folder("first")
    let second = try folder.folder("second")
    try folder.write("first/libfulcrum-good.so", [1, 2, 3])
    try SwiftPlugins.install("good", in: second)
    let error = error("good", PluginSearchPath(configured: [first, second]))
    #expect(error?.code == .pluginRefused)
    #expect(text(of: error).hasPrefix("…/first/libfulcrum-good.so: refused: not an ELF file"))
  }

  @Test func `the list shows sound, unsound and shadowed plugins and runs none`() throws {
    let first = try folder.folder("first")
    let second = try folder.folder("second")
    let code = CPlugin().code + "\n" + CPlugin.leavingMarker(folder.file("marker"))
    try CPlugin(code: code).build(in: folder, as: "second/libfulcrum-x.so")
    try CPlugin(code: code).build(in: folder, as: "first/libfulcrum-x.so")
    try folder.write("first/libfulcrum-bad.so", [1, 2, 3])
    try folder.write("first/libFulcrumKernel.so", [])

    let path = PluginSearchPath(configured: [first], environment: second + ":" + second)
    let list = PluginHost(searchPath: path, formats: [SwiftLibraries()]).installed()
    #expect(list.map(\.name) == ["bad", "x", "x"])
    #expect(list.map(\.isUsable) == [false, true, false])
    #expect(list.map { folder.hide(in: $0.path) }[2] == "…/second/libfulcrum-x.so")
    #expect(list.map { $0.shadowedBy.map(folder.hide) }[2] == "…/first/libfulcrum-x.so")
    #expect(list[1].shadowedBy == nil)
    #expect(list[2].origin == "FULCRUM_PLUGIN_PATH")
    #expect(try list[0].inspection.get().faults.count == 1)
    #expect(
      try list[1].inspection.get().summary
        == "kernel interface \(KernelInterface.major).\(KernelInterface.minor)")
    #expect(!folder.exists("marker"))
  }
}
