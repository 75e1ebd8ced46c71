import Foundation
import Testing

/// `fulcrum microscope` on a small run and on its configuration.
@Suite struct MicroscopeTests {
  private let folder: CommandLine.Folder
  private let config: String
  private let recorded: String

  init() throws {
    folder = try CommandLine.Folder()
    config = try SmallRun.configuration(
      start: try SmallRun.start(in: folder.path), in: folder.path)
    recorded = folder.path + "/recorded"
    let result = try CommandLine().run(
      "train", config, "--record", "--set", "output=\(recorded)")
    try #require(result.status == 0, "\(result.errors)")
  }

  private func object(_ path: String) throws -> [String: Any] {
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  @Test func `a run is looked at on its own rollouts, and left as it was`() throws {
    let weights = try SmallRun.weights(of: recorded, step: 3)
    let result = try CommandLine().run("microscope", recorded)
    try #require(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("(d) gradient norm, one updated"))
    #expect(result.output.hasSuffix("written: \(recorded)/microscope.json\n"))
    let found = try object(recorded + "/microscope.json")
    #expect(found["step"] as? Int == 3)
    #expect(found["batches"] as? Int == 3)
    #expect(found["rollouts"] as? String == "recorded")
    #expect(found["optimizer"] as? String == "sgd")
    #expect(found["learning_rate"] as? Double == 1e-3)
    let figure = try #require(found["figure1"] as? [String: [String: Any]])
    let shares = try #require(figure["a"]?["share"] as? [Double])
    #expect(abs(shares.reduce(0, +) - 1) < 1e-12)
    let all = try #require(figure["d"]?["all"] as? Double)
    #expect(all > 0)
    let bounds = try #require(found["bounds"] as? [String: Any])
    #expect(bounds["violations"] as? Int == 0)
    #expect(bounds["tokens"] as? Int == found["tokens"] as? Int)
    let layers = try #require(found["layers"] as? [String: Any])
    let names = try #require(layers["names"] as? [String])
    #expect(names.first == "embedding")
    #expect(names[1...].dropLast() == ArraySlice((1...names.count - 2).map { "layer \($0)" }))
    #expect(names.last == "logits")
    let tokens = try #require(layers["tokens"] as? [Int])
    #expect(tokens.allSatisfy { $0 <= 3 * 64 })
    let said = result.errors.matches(of: /layers: (\d+) tokens\n/).compactMap { Int($0.1) }
    #expect(said.count == 3)
    #expect(said.reduce(0, +) == tokens.reduce(0, +))
    #expect(tokens.reduce(0, +) > 64)
    let quantiles = try #require(layers["quantiles"] as? [[Double]])
    #expect(quantiles.count == names.count)
    #expect(quantiles.joined().allSatisfy { $0 > 0 })
    let logits = try #require(quantiles.last)
    #expect(logits.allSatisfy { $0 > 0.999 && $0 < 1.001 * 2.0.squareRoot() })
    #expect(result.output.contains("\n    layer 1    "))
    #expect(try SmallRun.weights(of: recorded, step: 3) == weights)
    // The same once more, to the bit.
    let again = folder.path + "/again.json"
    try CommandLine().run("microscope", recorded, "--output", again)
    #expect(
      try Data(contentsOf: URL(fileURLWithPath: again))
        == Data(contentsOf: URL(fileURLWithPath: recorded + "/microscope.json")))
  }

  @Test func `a configuration is looked at on fresh rollouts, with other arms`() throws {
    let output = folder.path + "/own.json"
    let result = try CommandLine().run(
      "microscope", config, "--batches", "1", "--optimizer", "adamw", "--output", output, "--arm",
      "plain=advantage=[grpo];schedule=single", "--layer-tokens", "0")
    try #require(result.status == 0, "\(result.errors)")
    #expect(result.errors.contains("batch 1 of 1: "))
    let found = try object(output)
    #expect(found["step"] as? Int == 0)
    #expect(found["layers"] == nil)
    #expect(!result.errors.contains("layers: "))
    #expect(found["rollouts"] as? String == "fresh")
    // The configuration's own.
    #expect(found["learning_rate"] as? Double == 1e-3)
    let arms = try #require(found["figure3"] as? [[String: Any]])
    #expect(arms.map { $0["arm"] as? String } == ["as configured", "plain"])
  }

  @Test func `wrong requests say what is missing`() throws {
    let many = try CommandLine().run("microscope", recorded, "--batches", "9")
    #expect(many.status == 2)
    #expect(
      many.errors.contains("\(recorded)/rollouts: expected 9 recorded rollouts, found 3"))
    #expect(many.errors.contains("give --batches 3, or --fresh to sample others"))
    let none = try CommandLine().run("microscope", config, "--batches", "0")
    #expect(none.status == 2)
    #expect(none.errors.contains("--batches: expected at least 1, got 0"))
    let rate = try CommandLine().run("microscope", config, "--learning-rate", "0")
    #expect(rate.status == 2)
    #expect(rate.errors.contains("--learning-rate: expected a number above 0, got 0.0"))
    let folder = try CommandLine().run("microscope", self.folder.path + "/start")
    #expect(folder.status == 2)
    #expect(folder.errors.contains("expected a run directory, found no run.yaml"))
    let layers = try CommandLine().run("microscope", config, "--layer-tokens=-1")
    #expect(layers.status == 2)
    #expect(layers.errors.contains("--layer-tokens: expected at least 0, got -1"))
    let small = try CommandLine().run("microscope", config, "--vocabulary", "1")
    #expect(small.status == 2)
    #expect(small.errors.contains("--vocabulary: expected at least 2 tokens, got 1"))
  }
}
