import Foundation
import Testing

/// The field's methods in whole runs.
@Suite struct MethodRunTests {
  private let run = try? FaultRun()

  /// Two prompts of four samples and one step each: what a method computes is in its own tests.
  @Test func `every method of the recipe trains`() throws {
    let run = try #require(run)
    let output = run.folder.path + "/methods"
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let recipe = root.appending(path: "Documentation/Recipes/methods.yaml").path
    let result = try CommandLine().run(
      "arms", recipe, "--seeds", "1", "--set", "steps=1", "--set", "evaluation.items=0", "--set",
      "rollout.prompts=2", "--set", "rollout.samples=4", "--set", "output=\(output)")
    try #require(result.status == 0, "\(result.errors)")
    let runs = try FileManager.default.contentsOfDirectory(atPath: output).filter {
      $0.hasSuffix("-seed-1")
    }
    #expect(runs.count == 39)
    var weights: Set<Data> = []
    for name in runs {
      #expect(try SmallRun.metrics(of: output + "/" + name).count == 1)
      weights.insert(try SmallRun.weights(of: output + "/" + name, step: 1))
    }
    // On policy, in a batch's first step, several are GRPO to the bit: their clips and ratios tell
    // nothing yet. The others part at once.
    #expect(weights.count >= 18, "\(weights.count) different ends")
  }

  @Test func `a coefficient that lives from step to step is resumed and replayed to the bit`()
    throws
  {
    let run = try #require(run)
    let settings = [
      "steps=4", "checkpoint.every=1", "checkpoint.keep=4", "logging.record=true",
      "objective=[grpo, {use: adaptive-entropy, target: 20, delta: 0.5, maximum: 5}]",
    ]
    let whole = run.folder.path + "/whole"
    let result = try CommandLine().run(run.arguments(whole, settings))
    try #require(result.status == 0, "\(result.errors)")
    let coefficients = try SmallRun.metrics(of: whole).map {
      try #require($0["adaptive_entropy/coefficient"])
    }
    #expect(coefficients == [0.5, 1, 1.5, 2])
    let state = try String(
      contentsOfFile: whole + "/checkpoints/step-2/trainer/state.json", encoding: .utf8)
    #expect(
      state.contains(#""components":{"objective 2, adaptive-entropy":{"coefficient":1,"on":1}}"#),
      "\(state)")
    let killed = try run.copy(whole, without: [3, 4])
    let resumed = try CommandLine().run("resume", killed)
    #expect(resumed.status == 0, "\(resumed.errors)")
    try FaultRun.expectEqual(whole, killed, checkpoint: 4)
    let again = run.folder.path + "/again"
    let replayed = try CommandLine().run(
      "replay", whole, "--from", "2", "--output", again)
    #expect(replayed.status == 0, "\(replayed.errors)")
    #expect(
      try SmallRun.weights(of: again, step: 4) == SmallRun.weights(of: whole, step: 4))
  }
}
