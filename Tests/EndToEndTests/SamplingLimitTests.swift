import Foundation
import Testing

/// Stop strings and a seed of evaluation's own, in whole runs.
@Suite struct SamplingLimitTests {
  private let fulcrum = CommandLine()

  private struct Sample: Decodable {
    let completion: String
    let finished: Bool
  }

  private func run(_ config: String, _ output: String, _ more: [String]) throws -> [Sample] {
    let set = ["output=\(output)", "logging.samples-every=1", "logging.samples=16"] + more
    let result = try fulcrum.run(["train", config] + set.flatMap { ["--set", $0] })
    try #require(result.status == 0, "\(result.errors)")
    let folder = output + "/samples"
    return try FileManager.default.contentsOfDirectory(atPath: folder).sorted().flatMap { name in
      try String(contentsOfFile: folder + "/" + name, encoding: .utf8).split(separator: "\n").map {
        try JSONDecoder().decode(Sample.self, from: Data($0.utf8))
      }
    }
  }

  @Test func `completions of a run end at a stop string, which they keep`() throws {
    let folder = try CommandLine.Folder()
    let start = try SmallRun.start(in: folder.path)
    let config = try SmallRun.configuration(start: start, in: folder.path)
    let more = ["rollout.max-new-tokens=120", "evaluation.items=0"]
    let plain = try run(config, folder.path + "/plain", more)
    // The start writes what it thinks and then <answer>…</answer>.
    let stop = "<answer>"
    #expect(plain.contains { $0.completion.contains(stop) && !$0.completion.hasSuffix(stop) })
    let samples = try run(
      config, folder.path + "/run", more + ["rollout.stop=['\(stop)', '\\n\\n\\n\\n']"])
    #expect(samples.contains { $0.completion.contains(stop) })
    for sample in samples {
      // A stop string is there once, in the last token, and nothing else is behind it.
      let parts = sample.completion.components(separatedBy: stop)
      #expect(parts.count <= 2)
      if parts.count == 2 { #expect(sample.finished && parts[1].count < 12) }
    }
    let yaml = try String(contentsOfFile: folder.path + "/run/run.yaml", encoding: .utf8)
    #expect(yaml.contains(stop))
    // Stopped and gone on with, it is the same run.
    let half = try fulcrum.run(
      ["train", config, "--set", "output=\(folder.path)/half", "--set", "steps=1"]
        + (more + ["rollout.stop=['\(stop)', '\\n\\n\\n\\n']"]).flatMap { ["--set", $0] })
    try #require(half.status == 0, "\(half.errors)")
    let resumed = try fulcrum.run("resume", folder.path + "/half", "--steps", "3")
    try #require(resumed.status == 0, "\(resumed.errors)")
    #expect(
      try SmallRun.weights(of: folder.path + "/half", step: 3)
        == SmallRun.weights(of: folder.path + "/run", step: 3))
  }

  @Test func `evaluation draws by its own seed if it has one, else by the run's`() throws {
    let folder = try CommandLine.Folder()
    let config = folder.path + "/run.yaml"
    // A start that answers some puzzles right and others wrong, as the draws fall.
    let start = CommandLine.fixture("../../Documentation/Recipes/start")
    let text = """
      task: {use: knights-and-knaves, people: [2, 3]}
      policy: {use: transformer, checkpoint: "\(start)"}
      reward: knights-and-knaves
      rollout: {max-new-tokens: 320}
      evaluation: {items: 40, temperature: 1}
      """
    try text.write(toFile: config, atomically: true, encoding: .utf8)
    func evaluate(_ set: String...) throws -> String {
      let result = try fulcrum.run(
        ["evaluate", config, "--json"] + set.flatMap { ["--set", $0] })
      try #require(result.status == 0, "\(result.errors)")
      return result.output
    }
    let one = try evaluate("seed=1")
    #expect(try evaluate("seed=2") != one)
    #expect(try evaluate("seed=1", "evaluation.seed=0") == one)
    // The run's seed by another name: the draws are functions of the number alone.
    #expect(try evaluate("seed=2", "evaluation.seed=1") == one)
    #expect(try evaluate("seed=3", "evaluation.seed=1") == one)
    // The rollouts' stop string cuts every answer off, unless evaluation has another.
    let cut = try evaluate("seed=1", "rollout.stop=<answer>")
    #expect(cut.ranges(of: #""correct": 0,"#).count == 2 && !one.contains(#""correct": 0,"#))
    #expect(
      try evaluate("seed=1", "rollout.stop=<answer>", "evaluation.stop=['nowhere to be']") == one)
  }
}
