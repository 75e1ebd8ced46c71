import FulcrumKernel
import PluginHost
import Testing

/// Faults that show only once a library is mapped and its entry function has run.
@Suite struct RegistrationTests {
  let folder: TemporaryFolder
  let host: PluginHost

  init() throws {
    folder = try TemporaryFolder()
    host = PluginHost(
      searchPath: PluginSearchPath(configured: [folder.path]), formats: [SwiftLibraries()])
  }

  /// The text of the error that loading a plugin of the Swift library ends with.
  private func refusal(_ name: String) throws -> String {
    try SwiftPlugins.install(name, in: folder.path)
    let before = host.loaded.map(\.name)
    let error = #expect(throws: FulcrumError.self) { try host.load(name) }
    #expect(error?.code == .pluginRefused)
    #expect(host.loaded.map(\.name) == before)
    return folder.hide(in: error?.description ?? "")
  }

  @Test func `an entry function that throws is quoted`() throws {
    #expect(
      try refusal("failing") == """
        …/libfulcrum-failing.so: refused: its entry function failed: licence.txt: expected a \
        licence, got none
          hint: buy one
        """)
  }

  @Test func `a refused plugin leaves no components behind`() throws {
    _ = try refusal("failing")
    // It had registered the component good before it failed.
    try SwiftPlugins.install("good", in: folder.path)
    #expect(try host.component(.advantageTransform, "good").manual.name == "good")
  }

  @Test func `an error of any type is quoted`() throws {
    #expect(
      try refusal("failing-plainly") == """
        …/libfulcrum-failing-plainly.so: refused: its entry function failed: Plain()
          hint: ask the plugin's author
        """)
  }

  @Test func `a plugin without components is refused`() throws {
    #expect(
      try refusal("empty") == """
        …/libfulcrum-empty.so: refused: it registers no components
          hint: add one within PluginRegistrar.register: $0.add(reward: …)
        """)
  }

  @Test func `an entry function that never registers is refused`() throws {
    let path = try CPlugin().build(in: folder)
    let error = #expect(throws: FulcrumError.self) { try host.load(path) }
    #expect(
      folder.hide(in: error?.description ?? "") == """
        …/libfulcrum-x.so: refused: its entry function never called PluginRegistrar.register
          hint: call it once, with the pointer that the entry function was given
        """)
  }

  @Test func `a plugin that registers under another's name is refused`() throws {
    #expect(
      try refusal("impostor") == """
        …/libfulcrum-impostor.so: refused: the file is named for plugin 'impostor' but registers \
        as 'good'
          hint: give PluginRegistrar.register the name 'impostor'
        """)
  }

  @Test func `the same component twice is refused`() throws {
    #expect(
      try refusal("twice") == """
        …/libfulcrum-twice.so: refused: it registers advantage-transform 'second' twice
          hint: give each component its own name
        """)
  }

  @Test func `a component that another plugin has is refused`() throws {
    try SwiftPlugins.install("good", in: folder.path)
    _ = try host.load("good")
    #expect(
      try refusal("clashing") == """
        …/libfulcrum-clashing.so: refused: it registers advantage-transform 'first', which plugin \
        'good' (…/libfulcrum-good.so) has too
          hint: use one of the two, or rename the component
        """)
  }

  @Test func `a second library of the same plugin is refused before it runs`() throws {
    try SwiftPlugins.install("good", in: folder.path)
    _ = try host.load("good")
    let other = try SwiftPlugins.install("good", in: try folder.folder("other"))
    let error = #expect(throws: FulcrumError.self) { try host.load(other) }
    #expect(
      folder.hide(in: error?.description ?? "") == """
        …/other/libfulcrum-good.so: refused: a plugin 'good' is loaded already, from \
        …/libfulcrum-good.so
          hint: use one of the two
        """)
  }

  @Test func `a manual that contradicts itself is refused with all its faults`() throws {
    let label = "advantage-transform 'Bad_Name'"
    #expect(
      try refusal("bad-manual") == """
        …/libfulcrum-bad-manual.so: refused, 4 faults:
          1. \(label): expected a name of lower-case letters, digits and hyphens, starting with a \
        letter
             hint: rename the component
          2. \(label): the default of 'scale' breaks its own rule: expected a number in 0.0...1.0, \
        got 2.0
             hint: correct the default or the range
          3. \(label) declares the parameter 'scale' twice
             hint: remove one
          4. \(label): expected parameter names of lower-case letters, digits and hyphens, \
        starting with a letter, got 'twoWords'
             hint: rename the parameter
        """)
  }

  @Test(arguments: [
    ("nowhere_to_be_found", "link the library that defines it"),
    (
      "$s13FulcrumKernel7MissingV",
      "this host's kernel lacks it: rebuild the plugin against this host's kernel"
    ),
  ])
  func `a symbol that nothing defines is named`(symbol: String, hint: String) throws {
    let path = try CPlugin(
      code: """
        void needed(void) __asm__("\(symbol)");
        void fulcrum_plugin_x(void *host) { (void)host; needed(); }
        """
    ).build(in: folder)
    let error = #expect(throws: FulcrumError.self) { try host.load(path) }
    #expect(
      folder.hide(in: error?.description ?? "") == """
        …/libfulcrum-x.so: refused: it needs the symbol '\(symbol)', which neither it nor its \
        libraries define
          hint: \(hint)
        """)
  }

  @Test func `what the system says against a library is quoted`() throws {
    // A program is built like a library, exports the entry function and yet can't be loaded.
    let path = try CPlugin(
      code: CPlugin().code + "\nint main(void) { return 0; }", flags: ["-pie", "-rdynamic"]
    ).build(in: folder)
    let error = #expect(throws: FulcrumError.self) { try host.load(path) }
    #expect(
      folder.hide(in: error?.description ?? "") == """
        …/libfulcrum-x.so: refused: the system can't load it: cannot dynamically load \
        position-independent executable
          hint: build it again with the host's toolchain
        """)
  }

  @Test func `a library that is missing is named`() throws {
    try CPlugin(hasStamp: false, code: "void helper(void) {}").build(in: folder, as: "libhelper.so")
    let path = try CPlugin(
      code: "void helper(void); void fulcrum_plugin_x(void *host) { (void)host; helper(); }",
      flags: ["-shared", "-L", folder.path, "-lhelper"]
    ).build(in: folder)
    let error = #expect(throws: FulcrumError.self) { try host.load(path) }
    #expect(
      folder.hide(in: error?.description ?? "") == """
        …/libfulcrum-x.so: refused: it needs the library 'libhelper.so', which can't be opened
          hint: install it, or put its folder into LD_LIBRARY_PATH
        """)
  }
}
