import Foundation
import Testing

/// `fulcrum arms`: a configuration and its other arms over seeds.
@Suite struct ArmsTests {
  private let run = try? FaultRun()

  @Test func `arms are trained over seeds, compared, and not trained twice`() throws {
    let run = try #require(run)
    let output = run.folder.path + "/arms"
    let arguments = [
      "arms", run.config, "--seeds", "2", "--arm", "plain=advantage=[grpo];schedule=single",
      "--set", "output=\(output)", "--set", "steps=2",
    ]
    let result = try CommandLine().run(arguments)
    try #require(result.status == 0, "\(result.errors)")
    let names = ["as-configured-seed-7", "plain-seed-7", "as-configured-seed-8", "plain-seed-8"]
    for (number, name) in names.enumerated() {
      #expect(result.output.contains("\(number + 1) of 4: "))
      #expect(try SmallRun.metrics(of: output + "/" + name).count == 2)
    }
    // The arm alone is what trained it: a run by hand has its bits.
    let byHand = run.folder.path + "/by-hand"
    let hand = try CommandLine().run(
      "train", run.config, "--set", "output=\(byHand)", "--set", "steps=2", "--set", "seed=8",
      "--set", "advantage=[grpo]", "--set", "schedule=single")
    try #require(hand.status == 0, "\(hand.errors)")
    let weights = try SmallRun.weights(of: byHand, step: 2)
    #expect(try SmallRun.weights(of: output + "/plain-seed-8", step: 2) == weights)
    #expect(try SmallRun.weights(of: output + "/as-configured-seed-8", step: 2) != weights)

    #expect(result.output.contains("Differences from as configured, seed by seed\n"))
    #expect(
      result.output.contains(
        #/ plain +[0-9.]+ \([0-9.]+ to [0-9.]+\) +[−+]?[0-9.]+ \([−+]?[0-9.]+ to /#))
    let page = try String(contentsOfFile: output + "/compare.html", encoding: .utf8)
    #expect(page.contains("Differences from as configured, seed by seed"))
    // A line a run, from which 'compare' makes the same tables.
    let lines = try String(contentsOfFile: output + "/runs.jsonl", encoding: .utf8)
    #expect(lines.split(separator: "\n").count == 4)
    let compared = try CommandLine().run(
      "compare", output + "/runs.jsonl", "--output", run.folder.path + "/compare.html")
    #expect(compared.status == 0, "\(compared.errors)")
    let tables = try #require(compared.output.components(separatedBy: "report ").first)
    #expect(tables.count > 500 && result.output.contains(tables))

    // What is done stays; what was stopped goes on.
    try FileManager.default.removeItem(atPath: output + "/plain-seed-8/checkpoints/step-2")
    let again = try CommandLine().run(arguments)
    #expect(again.status == 0, "\(again.errors)")
    #expect(again.output.contains("3 of 4: as configured, seed 8: done before\n"))
    #expect(again.output.contains("4 of 4: plain, seed 8\n"))
    #expect(again.output.contains("the run begins again"))
    #expect(try SmallRun.weights(of: output + "/plain-seed-8", step: 2) == weights)
  }

  @Test func `wrong requests are refused before any training`() throws {
    let run = try #require(run)
    let output = run.folder.path + "/refused"
    func refused(_ arguments: String..., by sentence: String) throws {
      let result = try CommandLine().run(
        ["arms", run.config, "--set", "output=\(output)"] + arguments)
      #expect(result.status == 2)
      #expect(result.errors.contains(sentence), "\(result.errors)")
    }
    try refused(
      by: "arms: expected another way to train beside the configuration's, got none")
    try refused("--seeds", "0", by: "--seeds: expected 1 to 1000, got 0")
    try refused("--seeds", "1001", by: "--seeds: expected 1 to 1000, got 1001")
    try refused("--arm", "x=schedule=nothing", by: "no plugin 'nothing'")
    try refused(
      "--arm", "x=schedule=single", "--reference", "y",
      by: "--reference: no arm is named 'y'\n  hint: the arms are 'as configured', 'x'")
    try refused(
      "--arm", "x=schedule=single", "--at", "noon",
      by: "--at: expected steps, tokens or seconds, got 'noon'")
    try refused(
      "--arm", "x=schedule=single", "--measure", "greedy",
      by:
        "--measure: expected a measure of these runs, got 'greedy'\n  hint: they have 'accuracy', ")
    for option in ["--markdown", "--json"] {
      let result = try CommandLine().run(
        "arms", run.config, "--set", "output=\(output)", "--arm", "x=schedule=single", option,
        run.folder.path + "/nowhere/file")
      #expect(result.status == 1)
      #expect(
        result.errors.contains("/nowhere/file: could not write it: No such file or directory"),
        "\(result.errors)")
    }
    #expect(!FileManager.default.fileExists(atPath: output))

    let other = output + "/as-configured-seed-7"
    let begun = try CommandLine().run(
      "train", run.config, "--set", "output=\(other)", "--set", "steps=1")
    try #require(begun.status == 0, "\(begun.errors)")
    try refused(
      "--arm", "x=schedule=single",
      by: "\(other): expected a run with steps 3, found one with 1")
  }
}
