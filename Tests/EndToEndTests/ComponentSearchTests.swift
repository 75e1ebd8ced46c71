import Foundation
import Testing

/// Components are found by their own names in whatever library has them.
@Suite(.serialized) struct ComponentSearchTests {
  private static let source = """
    import FulcrumKernel

    struct Boost: AdvantageTransform {
      static var manual: ComponentManual {
        ComponentManual(name: "lever-boost", summary: "A fixture.", source: "none")
      }
      init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {}
      func transform(
        _ advantages: inout MutableSpan<Float>, of batch: RolloutBatch
      ) throws(FulcrumError) {
        for token in advantages.indices { advantages[token] *= 2 }
      }
    }

    struct Bonus: RewardFn {
      static var manual: ComponentManual {
        ComponentManual(name: "bonus", summary: "A fixture.", source: "none")
      }
      init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {}
      func score(_ sample: RewardSample) throws(FulcrumError) -> RewardScore { .scored(1, .correct) }
    }

    @c(fulcrum_plugin_mine)
    public func mine(_ host: UnsafeMutableRawPointer) {
      PluginRegistrar.register(host, name: "mine", version: "1.0.0") {
        $0.add(reward: Bonus.self)
        $0.add(advantageTransform: Boost.self)
      }
    }

    @c(fulcrum_plugin_other)
    public func other(_ host: UnsafeMutableRawPointer) {
      PluginRegistrar.register(host, name: "other", version: "1.0.0") {
        $0.add(advantageTransform: Boost.self)
      }
    }

    @c(fulcrum_plugin_doomed)
    public func doomed(_ host: UnsafeMutableRawPointer) { fatalError("at the entry") }
    """

  private static let shared = CommandLine.products + "/SearchPlugins"
  private static let library = Result {
    try FileManager.default.createDirectory(
      atPath: shared, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    return try PluginCompiler(folder: shared).library(source)
  }

  private let folder: CommandLine.Folder
  private var plugins: String { folder.path + "/plugins" }
  private var config: String { folder.path + "/run.yaml" }

  init() throws {
    folder = try CommandLine.Folder()
    try FileManager.default.createDirectory(
      atPath: folder.path + "/plugins", withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o755])
  }

  private func install(_ names: String...) throws {
    for name in names {
      try PluginCompiler.install(try Self.library.get(), as: name, in: plugins)
    }
  }

  /// Writes a configuration of one small step.
  private func write(advantage: String = "lever-boost", reward: String = "knights-and-knaves")
    throws
  {
    let start = CommandLine.fixture("../../Documentation/Recipes/start")
    try """
    steps: 1
    plugin-path: "\(plugins)"
    output: "\(folder.path)/run"
    task: {use: knights-and-knaves, people: [2]}
    policy: {use: transformer, checkpoint: "\(start)"}
    reward: \(reward)
    advantage: [grpo, \(advantage)]
    objective: grpo
    rollout: {prompts: 2, samples: 2, max-new-tokens: 8}
    evaluation: {items: 0}
    checkpoint: {every: 1}

    """.write(toFile: config, atomically: true, encoding: .utf8)
  }

  private func errors() throws -> String {
    let result = try CommandLine().run("explain", config, "--no-trial")
    #expect(result.status == 2, "\(result.output)")
    return result.errors.replacing(plugins, with: "…")
  }

  @Test func `a run finds it, beside a library that crashes, and writes down where it was`() throws
  {
    try install("mine", "doomed")
    try write()
    let explained = try CommandLine().run("explain", config, "--no-trial")
    #expect(explained.status == 0, "\(explained.errors)")
    #expect(
      explained.columns.contains(
        "advantage[1].use  lever-boost is mine/lever-boost, from \(plugins)/libfulcrum-mine.so"),
      "\(explained.output)")
    let trained = try CommandLine().run("train", config)
    #expect(trained.status == 0, "\(trained.errors)")
    let run = folder.path + "/run"
    let record = try String(contentsOfFile: run + "/run.yaml", encoding: .utf8)
    #expect(record.contains("use: \"mine/lever-boost\""), "\(record)")
    #expect(record.contains("path: \(plugins)/libfulcrum-mine.so"), "\(record)")
    // Another library that has one by now is not in a resumed run's way.
    try install("other")
    let resumed = try CommandLine().run("resume", run, "--steps", "2")
    #expect(resumed.status == 0, "\(resumed.errors)")
  }

  @Test func `a lock pins the library that has it`() throws {
    try install("mine")
    try write(reward: "bonus")
    let locked = try CommandLine().run("plugin", "lock", config)
    #expect(locked.status == 0, "\(locked.errors)")
    let text = try String(contentsOfFile: config, encoding: .utf8)
    #expect(text.contains(#"{use: lever-boost, sha256: ""#))
    let explained = try CommandLine().run("explain", config, "--no-trial")
    #expect(explained.status == 0, "\(explained.errors)")
    let pin = try #require(text.firstMatch(of: /bonus, sha256: "([0-9a-f]{64})"/)).1
    let zeros = String(repeating: "0", count: 64)
    try text.replacing(pin, with: zeros).write(toFile: config, atomically: true, encoding: .utf8)
    let refused = try CommandLine().run("explain", config, "--no-trial")
    #expect(refused.errors.contains("refused: expected SHA-256 \(zeros), got \(pin)"))
  }

  @Test func `two libraries that have it are both named`() throws {
    try install("mine", "other")
    try write()
    #expect(
      try errors().contains(
        "advantage[1].use: advantage-transform 'lever-boost' is in 2 plugins: 'mine'"
          + " (…/libfulcrum-mine.so) and 'other' (…/libfulcrum-other.so)\n"
          + "  hint: write 'mine/lever-boost' or 'other/lever-boost'\n"))
    try write(advantage: "other/lever-boost")
    #expect(try CommandLine().run("explain", config, "--no-trial").status == 0)
  }

  @Test func `a misspelt name and one of another kind are told whose they are`() throws {
    try install("mine")
    try write(advantage: "lever-bost")
    let misspelt = try errors()
    #expect(
      misspelt.contains("advantage[1].use: no plugin 'lever-bost': none of these"), "\(misspelt)")
    #expect(misspelt.contains("hint: did you mean 'lever-boost' of plugin 'mine'?"), "\(misspelt)")
    try write(advantage: "bonus")
    let other = try errors()
    #expect(
      other.contains(
        "advantage[1].use: 'bonus' is a reward of plugin 'mine', expected an advantage-transform\n"
          + "  hint: it is of another kind: name it under 'reward'\n"), "\(other)")
  }

  @Test func `one in a Python file is found too`() throws {
    try """
    import fulcrum as f


    @f.reward("half-mark", source="a fixture")
    def half(samples):
        \"\"\"half a mark for everything\"\"\"
        return [0.5 for _ in samples]

    """.write(toFile: plugins + "/marks.py", atomically: true, encoding: .utf8)
    try write(advantage: "advantage-reweighting", reward: "half-mark")
    let explained = try CommandLine().run("explain", config, "--no-trial")
    #expect(explained.status == 0, "\(explained.errors)")
    #expect(
      explained.columns.contains(
        "reward.use  half-mark is marks/half-mark, from \(plugins)/marks.py"),
      "\(explained.output)")
  }
}
