import FulcrumKernel
import PluginHost
import Testing

/// Faults that a library's file shows before any of its code runs.
@Suite struct InspectionTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// The text of the error that loading plugin x ends with.
  private func refusal(_ name: String = "libfulcrum-x.so") throws -> String {
    let host = PluginHost(searchPath: PluginSearchPath())
    let error = #expect(throws: FulcrumError.self) { try host.load(folder.file(name)) }
    #expect(error?.code == .pluginRefused)
    #expect(host.loaded.isEmpty)
    return folder.hide(in: error?.description ?? "")
  }

  @Test func `a text file is not a library`() throws {
    try folder.write("libfulcrum-x.so", Array("import torch\n".utf8))
    #expect(
      try refusal() == """
        …/libfulcrum-x.so: refused: not an ELF file, which a shared library on this system is
          hint: give the library that the build made, libfulcrum-<name>.so
        """)
  }

  @Test func `a library that was not copied to its end is damaged`() throws {
    let path = try CPlugin().build(in: folder)
    let bytes = try folder.read("libfulcrum-x.so")
    try folder.write("libfulcrum-x.so", Array(bytes.dropLast(100)))
    #expect(
      try refusal() == """
        …/libfulcrum-x.so: refused: the file is damaged or cut short: its section headers don't \
        lie inside it
          hint: build it or copy it again
        """)
    #expect(try PluginInspection.inspect(path: path).stamp == nil)
  }

  @Test func `a library of another processor is refused by the processor's name`() throws {
    try CPlugin().build(in: folder)
    var bytes = try folder.read("libfulcrum-x.so")
    // e_machine of IBM S/390, which no machine of ours is.
    (bytes[18], bytes[19]) = (22, 0)
    try folder.write("libfulcrum-x.so", bytes)
    #if arch(x86_64)
      let own = "x86-64"
    #else
      let own = "AArch64"
    #endif
    #expect(
      try refusal() == """
        …/libfulcrum-x.so: refused: built for S/390, this host runs on \(own)
          hint: build the plugin on this machine
        """)
  }

  @Test func `a library without a stamp is told what to depend on`() throws {
    try CPlugin(hasStamp: false).build(in: folder)
    #expect(
      try refusal() == """
        …/libfulcrum-x.so: refused: it has no section 'fulcrum', the stamp that every plugin carries
          hint: add the product FulcrumStamp of the kernel package to the plugin's target
        """)
  }

  @Test func `another major interface is refused`() throws {
    try CPlugin(major: 1).build(in: folder)
    #expect(
      try refusal() == """
        …/libfulcrum-x.so: refused: built for kernel interface 1.\(KernelInterface.minor), this \
        host has \(KernelInterface.major).\(KernelInterface.minor)
          hint: rebuild the plugin against this host's kernel
        """)
  }

  @Test func `a newer minor interface is refused`() throws {
    let newer = KernelInterface.minor + 1
    try CPlugin(minor: newer).build(in: folder)
    #expect(
      try refusal() == """
        …/libfulcrum-x.so: refused: built for kernel interface \(KernelInterface.major).\(newer), \
        this host has the older \(KernelInterface.major).\(KernelInterface.minor)
          hint: update the host, or rebuild the plugin against this host's kernel
        """)
  }

  @Test func `another compiler is refused`() throws {
    try CPlugin(compiler: "Clang 3.0").build(in: folder)
    #expect(
      try refusal() == """
        …/libfulcrum-x.so: refused: built by 'Clang 3.0', this host by '\(KernelInterface.compiler)'
          hint: rebuild the plugin with the host's toolchain: Swift's binary interface differs \
        from one to the next
        """)
  }

  @Test func `a stamp of another format is refused`() throws {
    try CPlugin(format: 9).build(in: folder)
    #expect(
      try refusal() == """
        …/libfulcrum-x.so: refused: expected a stamp of format 1, got format 9
          hint: rebuild the plugin against this host's kernel
        """)
  }

  @Test func `a section that is not a stamp is refused`() throws {
    try CPlugin(magic: "RUBBISH").build(in: folder)
    #expect(
      try refusal() == """
        …/libfulcrum-x.so: refused: its section 'fulcrum' doesn't start with FULCRUM
          hint: rebuild the plugin against this host's kernel
        """)
  }

  @Test func `a renamed file is told both of its names`() throws {
    try CPlugin().build(in: folder, as: "libfulcrum-y.so")
    #expect(
      try refusal("libfulcrum-y.so") == """
        …/libfulcrum-y.so: refused: the file is named for plugin 'y' but holds plugin 'x'
          hint: name the file libfulcrum-x.so, or the entry function fulcrum_plugin_y
        """)
  }

  @Test func `a file name that is no plugin's is refused`() throws {
    try CPlugin().build(in: folder, as: "x.so")
    #expect(
      try refusal("x.so") == """
        …/x.so: refused: expected a file name libfulcrum-<name>.so, got x.so
          hint: a plugin's name is lower-case letters, digits and hyphens, starting with a letter
        """)
  }

  @Test func `a library without an entry function is told how to write one`() throws {
    try CPlugin(code: "void start(void) {}").build(in: folder)
    #expect(
      try refusal() == """
        …/libfulcrum-x.so: refused: it exports no entry function fulcrum_plugin_x
          hint: write one: @c(fulcrum_plugin_x) public func …(_ host: UnsafeMutableRawPointer)
        """)
  }

  @Test func `an entry function that is needed and not defined is none`() throws {
    try CPlugin(
      code: "void fulcrum_plugin_x(void *); void start(void) { fulcrum_plugin_x(0); }"
    ).build(in: folder)
    #expect(try refusal().contains("it exports no entry function fulcrum_plugin_x"))
  }

  @Test func `an entry symbol that is data is never called`() throws {
    try CPlugin(code: "int fulcrum_plugin_x = 1;").build(in: folder)
    #expect(
      try refusal() == """
        …/libfulcrum-x.so: refused: its symbol fulcrum_plugin_x is not a function
          hint: export the entry function under this symbol, by @c(fulcrum_plugin_x)
        """)
  }

  @Test func `a library with a kernel of its own is refused`() throws {
    let plugin = CPlugin()
    try CPlugin(
      code: plugin.code + "\nint copy __asm__(\"$s13FulcrumKernel15PluginRegistrarCMn\") = 1;"
    ).build(in: folder)
    #expect(
      try refusal() == """
        …/libfulcrum-x.so: refused: it holds a copy of the kernel of its own
          hint: depend on the kernel package's product FulcrumKernel, a library that host and \
        plugins share
        """)
  }

  @Test func `all faults are reported at once, each with its remedy`() throws {
    try CPlugin(major: 1, compiler: "Clang 3.0").build(in: folder, as: "libfulcrum-y.so")
    #expect(
      try refusal("libfulcrum-y.so") == """
        …/libfulcrum-y.so: refused, 3 faults:
          1. the file is named for plugin 'y' but holds plugin 'x'
             hint: name the file libfulcrum-x.so, or the entry function fulcrum_plugin_y
          2. built for kernel interface 1.\(KernelInterface.minor), this host has \
        \(KernelInterface.major).\(KernelInterface.minor)
             hint: rebuild the plugin against this host's kernel
          3. built by 'Clang 3.0', this host by '\(KernelInterface.compiler)'
             hint: rebuild the plugin with the host's toolchain: Swift's binary interface differs \
        from one to the next
        """)
  }

  @Test func `no code of a refused library runs`() throws {
    let code = CPlugin().code + "\n" + CPlugin.leavingMarker(folder.file("marker"))
    try CPlugin(major: 1, code: code).build(in: folder)
    #expect(try refusal().contains("built for kernel interface 1."))
    #expect(!folder.exists("marker"))

    // The same code does run once the stamp is right, so the marker is a real witness.
    try CPlugin(code: code).build(in: folder)
    #expect(try refusal().contains("its entry function never called PluginRegistrar.register"))
    #expect(folder.exists("marker"))
  }
}
