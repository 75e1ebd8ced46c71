import FulcrumKernel
import PluginHost
import Testing

@Suite struct ComponentReferenceTests {
  private let host = PluginHost(searchPath: PluginSearchPath(), formats: [SwiftLibraries()])

  private func error(_ reference: String) -> FulcrumError? {
    #expect(throws: FulcrumError.self) { try host.component(.reward, reference) }
  }

  /// A reference, and what is said of the plugin or file that it names.
  @Test(arguments: [
    ("lopti", "no plugin 'lopti': the search path is empty"),
    ("lib/foo", "no plugin 'lib': the search path is empty"),
    ("a/libfulcrum-x.so", "a/libfulcrum-x.so: there is no such file"),
    ("./libfulcrum-x.so:foo", "./libfulcrum-x.so: there is no such file"),
    ("/a:b/libfulcrum-x.so", "/a:b/libfulcrum-x.so: there is no such file"),
    ("/a:b/libfulcrum-x.so:c", "/a:b/libfulcrum-x.so: there is no such file"),
    ("/", "/: expected a file, got a folder or a device"),
    ("/no/x", "/no/x: there is no such file"),
  ])
  func `a reference names a component or a file`(text: String, said: String) throws {
    #expect(error(text)?.description.hasPrefix(said + "\n") == true)
  }

  @Test(arguments: ["", "lib/", "Lib/foo", "lib:foo", "libfulcrum-x.so", "a/b.so:", "a.so:x"])
  func `other texts are refused`(text: String) {
    #expect(error(text)?.code == .usage)
  }

  @Test func `too many slashes are explained`() {
    #expect(
      error("a/b/c")?.description == """
        'a/b/c' names no component
          hint: write a plugin's name, 'plugin/component', or a path that ends in .so
        """)
  }

  @Test func `a bad part is named within its reference`() {
    #expect(
      error("lib/Foo")?.description == """
        'lib/Foo': expected a name of lower-case letters, digits and hyphens, starting with a \
        letter, got 'Foo'
          hint: did you mean 'foo'?
        """)
  }
}

/// Tests references to the components of real plugins.
@Suite struct ComponentLookupTests {
  let folder: TemporaryFolder
  let host: PluginHost

  init() throws {
    folder = try TemporaryFolder()
    host = PluginHost(
      searchPath: PluginSearchPath(configured: [folder.path]), formats: [SwiftLibraries()])
    for name in ["good", "one", "pair"] { try SwiftPlugins.install(name, in: folder.path) }
  }

  private func find(_ reference: String) throws -> String {
    try host.component(.advantageTransform, reference).manual.name
  }

  private func error(
    _ reference: String, _ kind: RegisteredComponent.Kind = .advantageTransform
  ) -> FulcrumError? {
    #expect(throws: FulcrumError.self) { try host.component(kind, reference) }
  }

  private func text(of error: FulcrumError?) -> String {
    folder.hide(in: error?.description ?? "")
  }

  @Test func `a name is the plugin's namesake, a slash names another`() throws {
    #expect(try find("good") == "good")
    #expect(try find("good/first") == "first")
  }

  @Test func `a path is the namesake, and a colon names another`() throws {
    #expect(try find(folder.file("libfulcrum-good.so")) == "good")
    #expect(try find(folder.file("libfulcrum-good.so:first")) == "first")
  }

  @Test func `a path to a library with one component is that one`() throws {
    #expect(try find(folder.file("libfulcrum-one.so")) == "second")
  }

  @Test func `a path that leaves two to choose from is refused`() {
    let error = error(folder.file("libfulcrum-pair.so"))
    #expect(error?.code == .usage)
    #expect(
      text(of: error) == """
        …/libfulcrum-pair.so: plugin 'pair' has 2 components of kind advantage-transform
          hint: name one of them after a colon: …:first, …:second
        """)
  }

  @Test func `a misspelt component is told the near one`() {
    let error = error("good/frist")
    #expect(error?.code == .notFound)
    #expect(
      text(of: error) == """
        …/libfulcrum-good.so: plugin 'good' has no advantage-transform 'frist'
          hint: did you mean 'first'?
        """)
  }

  @Test func `a component of another kind is told what there is`() {
    #expect(
      text(of: error("good", .reward)) == """
        …/libfulcrum-good.so: plugin 'good' has no reward 'good'
          hint: it offers advantage-transform 'good', advantage-transform 'first'
        """)
    #expect(
      text(of: error(folder.file("libfulcrum-good.so"), .reward)) == """
        …/libfulcrum-good.so: plugin 'good' has no reward
          hint: it offers advantage-transform 'good', advantage-transform 'first'
        """)
  }
}
