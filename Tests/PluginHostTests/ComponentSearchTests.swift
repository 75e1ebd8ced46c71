import FulcrumKernel
import PluginHost
import Synchronization
import Testing

/// Tests the search for components among all libraries. What these have is told by a stand-in: that a
/// process of its own tells the truth is tested where that is.
@Suite struct ComponentSearchTests {
  /// Says what a test says, and counts how often it is asked.
  private final class Surveyor: LibrarySurveyor {
    let components: [String: [LibrarySurvey.Component]]
    let failures: [String: String]
    private let calls = Mutex(0)

    init(
      _ components: [String: [LibrarySurvey.Component]], failures: [String: String] = [:]
    ) {
      (self.components, self.failures) = (components, failures)
    }

    var count: Int { calls.withLock(\.self) }

    func survey(_ libraries: [PluginListing]) throws(FulcrumError) -> [LibrarySurvey] {
      calls.withLock { $0 += 1 }
      return libraries.map {
        LibrarySurvey($0, components[$0.name] ?? [], failure: failures[$0.name])
      }
    }
  }

  private static let good = [
    LibrarySurvey.Component(.advantageTransform, "good"), .init(.advantageTransform, "first"),
  ]
  private static let one = [LibrarySurvey.Component(.advantageTransform, "second")]
  private static let pair = [
    LibrarySurvey.Component(.advantageTransform, "first"), .init(.advantageTransform, "second"),
  ]
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    for name in ["good", "one", "pair"] { try SwiftPlugins.install(name, in: folder.path) }
  }

  private func host(_ surveyor: Surveyor?) -> PluginHost {
    PluginHost(
      searchPath: PluginSearchPath(configured: [folder.path]), formats: [SwiftLibraries()],
      surveyor: surveyor)
  }

  private func error(
    _ reference: String, _ kind: RegisteredComponent.Kind = .advantageTransform,
    _ surveyor: Surveyor
  ) -> String {
    let host = host(surveyor)
    let error = #expect(throws: FulcrumError.self) { try host.find(kind, reference) }
    return folder.hide(in: error?.description ?? "")
  }

  @Test func `a name that is no library's is found in the library that has it`() throws {
    let surveyor = Surveyor(["good": Self.good, "one": Self.one])
    let host = host(surveyor)
    let found = try host.find(.advantageTransform, "second")
    #expect(found.plugin.name == "one")
    #expect(found.component.manual.name == "second")
    // What names it without a search.
    #expect(found.reference == "one/second")
    #expect(host.loaded.map(\.name) == ["one"])
    _ = try host.find(.advantageTransform, "second")
    _ = try host.find(.advantageTransform, "first")
    #expect(surveyor.count == 1)
  }

  @Test func `nobody is asked about a name that is its library's`() throws {
    let surveyor = Surveyor([:])
    let host = host(surveyor)
    for reference in ["good", "good/first", folder.file("libfulcrum-one.so")] {
      #expect(try host.find(.advantageTransform, reference).reference == reference)
    }
    #expect(throws: FulcrumError.self) { try host.find(.advantageTransform, "good/frist") }
    #expect(surveyor.count == 0)
  }

  @Test func `without a surveyor a name is its library's alone`() {
    let host = host(nil)
    let error = #expect(throws: FulcrumError.self) { try host.find(.advantageTransform, "second") }
    #expect(error?.message.hasPrefix("no plugin 'second': none of these folders has") == true)
  }

  @Test func `a library of the name is the one that is meant, if it is refused too`() throws {
    let surveyor = Surveyor(["good": Self.good, "pair": Self.pair])
    try SwiftPlugins.install("first", in: folder.path)
    #expect(
      error("first", .advantageTransform, surveyor).contains(
        "refused: the file is named for plugin 'first' but holds plugin"))
    #expect(surveyor.count == 0)
  }

  @Test func `a library of the name without such a component is no obstacle`() throws {
    // What was told of 'one' isn't so, as the load finds.
    let liar = Surveyor(["one": [.init(.reward, "good")]])
    #expect(
      error("good", .reward, liar).hasPrefix(
        "…/libfulcrum-one.so: plugin 'one' has no reward 'good'\n"))
    let surveyor = Surveyor(["good": Self.good])
    #expect(
      error("good", .reward, surveyor) == """
        …/libfulcrum-good.so: plugin 'good' has no reward 'good'
          hint: it offers advantage-transform 'good', advantage-transform 'first'
        """)
  }

  @Test func `a component that two libraries have is refused with both`() {
    let surveyor = Surveyor(["good": Self.good, "one": Self.one, "pair": Self.pair])
    #expect(
      error("second", .advantageTransform, surveyor) == """
        advantage-transform 'second' is in 2 plugins: 'one' (…/libfulcrum-one.so) and 'pair' \
        (…/libfulcrum-pair.so)
          hint: write 'one/second' or 'pair/second'
        """)
  }

  @Test func `a component of another kind is told its kind and its library`() {
    let surveyor = Surveyor(["one": Self.one])
    #expect(
      error("second", .reward, surveyor) == """
        'second' is an advantage-transform of plugin 'one', expected a reward
          hint: name it where one of its own kind is expected
        """)
  }

  @Test func `a name that nobody has is told the near ones and their libraries`() {
    let surveyor = Surveyor(
      ["good": Self.good, "pair": Self.pair], failures: ["one": "crashed: SIGSEGV"])
    #expect(
      error("frist", .advantageTransform, surveyor) == """
        no plugin 'frist': none of these folders has a libfulcrum-frist.so:
          … (plugin-path of the configuration)
        and what these have is not known, for they can't be loaded:
          …/libfulcrum-one.so: crashed: SIGSEGV
          hint: did you mean 'first' of plugin 'good' and 'pair'?
        """)
    #expect(
      error("something-else", .advantageTransform, surveyor).hasSuffix(
        "hint: known: first of plugin 'good' and 'pair', good, second of plugin 'pair'"))
  }
}
