import Foundation
import Testing

/// From nothing to a plugin in a run. The other kinds and the installation: Tests/kit.sh.
@Suite struct PluginNewTests {
  private let folder: CommandLine.Folder

  init() throws { folder = try CommandLine.Folder() }

  private func file(_ path: String) throws -> String {
    try String(contentsOfFile: folder.path + "/" + path, encoding: .utf8)
  }

  private func swift(_ arguments: String...) throws -> CommandLine.Result {
    let package = folder.path + "/long-levers"
    return try CommandLine(executable: "/usr/bin/env").run(
      ["swift"] + arguments + ["--package-path", package])
  }

  /// One step's metrics with a chain of transforms.
  private func train(_ name: String, advantage: String) throws -> [String: Double] {
    let start = CommandLine.fixture("../../Documentation/Recipes/start")
    let config = folder.path + "/\(name).yaml"
    try """
    plugin-path: ["\(folder.path)/long-levers/.build/release"]
    steps: 1
    task: {use: knights-and-knaves, people: [2]}
    policy: {use: transformer, checkpoint: "\(start)"}
    reward: knights-and-knaves
    advantage: \(advantage)
    objective: {use: grpo}
    rollout: {prompts: 4, samples: 4, max-new-tokens: 160}
    evaluation: {items: 0}

    """.write(toFile: config, atomically: true, encoding: .utf8)
    let run = folder.path + "/" + name
    let result = try CommandLine().run("train", config, "--set", "output=\(run)")
    try #require(result.status == 0, "\(result.errors)")
    return try #require(try SmallRun.metrics(of: run).first)
  }

  @Test func `a new transform builds, passes its tests, is listed and does its work in a run`()
    throws
  {
    let new = try CommandLine().run(
      "plugin", "new", "long-levers", "--kind", "advantage-transform", "--output",
      folder.path + "/long-levers")
    try #require(new.status == 0, "\(new.errors)")
    let source = try file("long-levers/Sources/LongLeversPlugin/LongLevers.swift")
    #expect(source.split(separator: "\n", omittingEmptySubsequences: false).count <= 40)

    let build = try swift("build", "-c", "release")
    try #require(build.status == 0, "\(build.output)\(build.errors)")
    #expect(!build.output.contains("warning:"), "\(build.output)")
    let library = folder.path + "/long-levers/.build/release"
    let list = try CommandLine().run("plugin", "list", "--plugin-path", library)
    #expect(list.status == 0)
    #expect(list.output.hasPrefix("long-levers 0.1.0\n"))
    #expect(list.output.contains("\n  advantage-transform long-levers\n"))
    let test = try swift("test")
    #expect(test.status == 0, "\(test.output)\(test.errors)")
    #expect(test.output.contains("passed after"))

    // No lever is longer than 1.415, so a cap of 1.5 changes no bit; one of 0.02 changes the update.
    let without = try train("without", advantage: "{use: grpo}")
    let idle = try train("idle", advantage: "[{use: grpo}, {use: long-levers, cap: 1.5}]")
    let short = try train("short", advantage: "[{use: grpo}, {use: long-levers, cap: 0.02}]")
    #expect(without == idle)
    #expect((short["grad_norm"] ?? .nan) < (without["grad_norm"] ?? .nan))
    #expect(try file("short/run.yaml").contains("cap: 0.02"))
  }

  @Test func `what was written is said, and the three commands that come next`() throws {
    let path = folder.path + "/a place/my-idea"
    let result = try CommandLine().run(
      "plugin", "new", "my-idea", "--kind", "reward", "--output", path)
    #expect(result.status == 0, "\(result.errors)")
    let program = CommandLine.products + "/fulcrum"
    #expect(
      result.output == """
        wrote \(path):
          Package.swift
          Sources/MyIdeaPlugin/MyIdea.swift
          Tests/MyIdeaTests/MyIdeaTests.swift
          README.md
          .gitignore
        next:
          cd '\(path)'
          swift build -c release && swift test
          \(program) plugin list --plugin-path .build/release

        """)
    let written = try #require(FileManager.default.subpaths(atPath: path)).filter {
      $0.contains(".") && !$0.hasSuffix("/")
    }
    #expect(
      written.sorted() == [
        ".gitignore", "Package.swift", "README.md", "Sources/MyIdeaPlugin/MyIdea.swift",
        "Tests/MyIdeaTests/MyIdeaTests.swift",
      ])
    // The entry symbol and the library's name are the plugin's; the component's type can't hide one
    // of Swift's or of the kernel's.
    let source = try file("a place/my-idea/Sources/MyIdeaPlugin/MyIdea.swift")
    #expect(source.contains("struct MyIdeaReward: RewardFn {"))
    #expect(source.contains("@c(fulcrum_plugin_my_idea)"))
    #expect(try file("a place/my-idea/Package.swift").contains("name: \"fulcrum-my-idea\""))
  }

  @Test func `no type has the name of one of the kernel's`() throws {
    try CommandLine().run(
      "plugin", "new", "policy", "--kind", "policy-objective", "--output", folder.path + "/p")
    #expect(
      try file("p/Sources/PolicyPlugin/Policy.swift").contains(
        "struct PolicyTermObjective: PolicyObjective {"))
  }

  @Test func `an empty folder is filled, and a given kernel is built against`() throws {
    let path = folder.path + "/empty"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    let kernel = CommandLine.fixture("../../Sources/Kernel")
    let result = try CommandLine().run(
      "plugin", "new", "my-idea", "--kind", "task", "--output", path, "--kernel", kernel + "/")
    #expect(result.status == 0, "\(result.errors)")
    let root = URL(fileURLWithPath: kernel).standardizedFileURL.resolvingSymlinksInPath().path
    #expect(try file("empty/Package.swift").contains("?? \"\(root)\"\n"))
  }
}
