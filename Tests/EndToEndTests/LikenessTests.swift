import Foundation
import Testing

/// Held-out rows that aren't like those to train on are told, and nothing is refused: a publisher may mean it.
@Suite struct LikenessTests {
  private let folder: CommandLine.Folder

  init() throws {
    folder = try CommandLine.Folder()
    // A hundred sums each: below 100 to train on, and held out with three digits.
    for (name, least) in [("train", 10), ("held-out", 100)] {
      let lines = (0..<100).map { index in
        #"{"prompt": "\#(least + index * 7 % 89) + \#(index) =", "answer": "\#(index)"}"# + "\n"
      }
      try lines.joined().write(
        toFile: file(name), atomically: true, encoding: .utf8)
    }
  }

  private func file(_ name: String) -> String { "\(folder.path)/\(name).jsonl" }

  /// Distance 1 of a hundred and a hundred, as in `ItemLikenessTests`.
  private let difference = "in category 'all' they differ in "

  @Test func `plugin check warns, with status 0`() throws {
    let settings = ["jsonl.train=\(file("train"))", "jsonl.held-out=\(file("held-out"))"]
    let checks = try PluginChecks(["jsonl"] + settings.flatMap { ["--set", $0] })
    #expect(checks.status == 0)
    let row = try checks.row("held-out items that are read or picked look like those to train on")
    #expect(row.outcome == "warning")
    #expect(row.detail.hasPrefix(difference), "\(row.detail)")
    #expect(row.detail.contains("(by chance with p = 2e-45) (hint: where nobody meant it, "))
    let text = try CommandLine().run(
      ["plugin", "check", "jsonl"] + settings.flatMap { ["--set", $0] })
    #expect(text.output.contains("  warning  held-out items that are read or picked"))
    #expect(text.output.hasSuffix(" ok, 0 faults, 0 skipped, 1 warning\n"), "\(text.output)")
  }

  @Test func `explain warns`() throws {
    let start = CommandLine.fixture("../../Documentation/Recipes/start")
    let config = folder.path + "/run.yaml"
    try """
    steps: 1
    output: "\(folder.path)/run"
    task: {use: jsonl, train: "\(file("train"))", held-out: "\(file("held-out"))"}
    policy: {use: transformer, checkpoint: "\(start)"}
    reward: math
    advantage: grpo
    objective: grpo
    rollout: {prompts: 2, samples: 2, max-new-tokens: 8}
    evaluation: {items: 100}

    """.write(toFile: config, atomically: true, encoding: .utf8)
    let result = try CommandLine().run("explain", config, "--no-trial")
    #expect(result.status == 0, "\(result.errors)")
    #expect(
      result.output.contains("warning: held-out items aren't like training items: " + difference),
      "\(result.output)")
  }
}
