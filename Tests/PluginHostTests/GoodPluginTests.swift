import Foundation
import FulcrumKernel
import PluginHost
import Testing

@Suite struct GoodPluginTests {
  let folder: TemporaryFolder
  let path: String
  let host: PluginHost

  init() throws {
    folder = try TemporaryFolder()
    path = try SwiftPlugins.install("good", in: folder.path)
    host = PluginHost(
      searchPath: PluginSearchPath(configured: [folder.path]), formats: [SwiftLibraries()])
  }

  @Test func `a good plugin says who it is`() throws {
    let plugin = try host.load("good")
    #expect(plugin.path == path)
    #expect(plugin.name == "good")
    #expect(plugin.version == "1.2.3")
    #expect(plugin.digest.count == 64)
    #expect(
      plugin.notes == [
        LoadedLibrary.Note(
          "built for",
          "kernel interface \(KernelInterface.major).\(KernelInterface.minor), by "
            + KernelInterface.compiler)
      ])
    #expect(plugin.files.map(\.role) == ["library"])
    #expect(plugin.files[0].path == path)
    #expect(plugin.files[0].digest == nil)
    #expect(plugin.components.map(\.manual.name) == ["good", "first"])
    #expect(plugin.components.allSatisfy { $0.kind == .advantageTransform })
  }

  @Test func `its component works across the boundary on a rollout batch`() throws {
    let component = try host.component(.advantageTransform, "good")
    // The cast holds only if host and plugin share one kernel.
    let type = try #require(component.type as? any AdvantageTransform.Type)
    let parameters = try Parameters(
      ["scale": .number(0.25)], for: component.manual.parameters, at: "advantage[0]")
    let transform = try type.init(parameters, context: ComponentContext())
    #expect(transform.needs == [.entropies])

    let batch = RolloutBatch(
      sequences: SequenceBatch(prompts: [[7]], completions: [[[1, 2], [3]]]), rewards: [1, -1],
      columns: [.entropies: [0.5, 1, 2]])
    var advantages: [Float] = [1, 1, -1]
    var span = advantages.mutableSpan
    try transform.transform(&span, of: batch)
    // 1 + 0.5/4, 1 + 1/4, -1 + 2/4: exact in binary, so no tolerance.
    #expect(advantages == [1.125, 1.25, -0.5])
  }

  @Test func `an error thrown in the plugin arrives as the host's own type`() throws {
    let component = try host.component(.advantageTransform, "good")
    let type = try #require(component.type as? any AdvantageTransform.Type)
    let transform = try type.init(
      try Parameters(for: component.manual.parameters, at: "advantage[0]"),
      context: ComponentContext())
    let batch = RolloutBatch(
      sequences: SequenceBatch(prompts: [[7]], completions: [[[1]]]), rewards: [1])
    let error = #expect(throws: FulcrumError.self) {
      var advantages: [Float] = [1]
      var span = advantages.mutableSpan
      try transform.transform(&span, of: batch)
    }
    #expect(error?.code == .pluginFault)
    #expect(error?.message == "column entropies was not computed")
  }

  @Test func `loading twice, by name, path or link, gives the one plugin`() throws {
    let byName = try host.load("good")
    let byPath = try host.load(path)
    let link = try folder.folder("elsewhere") + "/libfulcrum-good.so"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
    let byLink = try host.load(link)
    #expect(byName.path == byPath.path && byPath.path == byLink.path)
    #expect(host.loaded.map(\.path) == [path])
    #expect(host.loaded[0].components.count == 2)
  }

  @Test func `a plugin loaded by path is found by its name from then on`() throws {
    let host = PluginHost(searchPath: PluginSearchPath(), formats: [SwiftLibraries()])
    _ = try host.load(path)
    #expect(try host.load("good").path == path)
  }

  @Test func `the pinned digest may be written in capitals and with its algorithm`() throws {
    let digest = try #require(try SwiftLibraries().inspect(path: path).digest)
    let plugin = try host.load("good", pinnedDigest: "sha256:" + digest.uppercased())
    #expect(plugin.digest == digest)
  }

  @Test func `a pinned digest is checked against a plugin that is loaded already`() throws {
    let digest = try host.load("good").digest
    let pin = String(repeating: "0", count: 64)
    let error = #expect(throws: FulcrumError.self) { try host.load("good", pinnedDigest: pin) }
    #expect(
      folder.hide(in: error?.description ?? "") == """
        …/libfulcrum-good.so: refused: expected SHA-256 \(pin), got \(digest)
          hint: if the library was meant to change, pin the new digest with 'fulcrum plugin lock'
        """)
  }
}
