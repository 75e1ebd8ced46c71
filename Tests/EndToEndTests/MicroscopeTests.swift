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

  /// `figure5` of a file.
  private func words(_ path: String) throws -> [String: Any] {
    try #require(try object(path)["figure5"] as? [String: Any])
  }

  /// Recorded completions with their rewards, by prompt.
  private func completions() throws -> [[(text: String, reward: Double)]] {
    try (1...3).flatMap { step in
      let file = recorded + "/rollouts/step-\(step).jsonl"
      let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
      return try lines.dropFirst().map { line in
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        let own = try #require(object?["completions"] as? [[String: Any]])
        return try own.map {
          (try #require($0["text"] as? String), try #require($0["reward"] as? Double))
        }
      }
    }
  }

  @Test func `words are counted in a run's completions and in those of its start`() throws {
    let lists = folder.path + "/words.yaml"
    try "Good: [ok]\nBad: [bad]\nOther: [therefore]\n"
      .write(toFile: lists, atomically: true, encoding: .utf8)
    let result = try CommandLine().run("microscope", recorded, "--words", lists)
    try #require(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("\n    words: \(lists); mean reward: "))
    let found = try words(recorded + "/microscope.json")
    #expect(found["words"] as? String == lists)
    #expect(found["categories"] as? [String] == ["Good", "Bad", "Other"])

    // The same counted another way.
    let prompts = try completions().map { prompt in
      prompt.compactMap { text, reward -> (frequency: Double, reward: Double)? in
        let words = text.split { !$0.isLetter && !$0.isNumber }
        let count = words.count { $0 == "ok" }
        return words.isEmpty ? nil : (Double(count) * 1000 / Double(words.count), reward)
      }
    }.filter { !$0.isEmpty }
    func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
    let arms = try #require(found["arms"] as? [[String: Any]])
    #expect(arms.map { $0["arm"] as? String } == ["as trained", "at start"])
    #expect(arms[0]["completions"] as? Int == prompts.reduce(0) { $0 + $1.count })
    let frequency = try #require(arms[0]["frequency"] as? [Double])
    #expect(abs(frequency[0] - mean(prompts.map { mean($0.map(\.frequency)) })) < 1e-9)
    #expect(frequency[0] > 0)
    #expect(frequency[2] == 0)
    let reward = try #require(arms[0]["reward"] as? Double)
    #expect(abs(reward - mean(prompts.map { mean($0.map(\.reward)) })) < 1e-6)
    let all = prompts.flatMap(\.self)
    let (x, y) = (mean(all.map(\.frequency)), mean(all.map(\.reward)))
    let sums = all.reduce(into: (xy: 0.0, xx: 0.0, yy: 0.0)) { sums, pair in
      sums.xy += (pair.frequency - x) * (pair.reward - y)
      sums.xx += (pair.frequency - x) * (pair.frequency - x)
      sums.yy += (pair.reward - y) * (pair.reward - y)
    }
    let r = try #require(found["correlation"] as? [Any])
    #expect(abs(try #require(r[0] as? Double) - sums.xy / (sums.xx * sums.yy).squareRoot()) < 1e-6)
    #expect(r[2] is NSNull)

    let one = folder.path + "/one.json"
    let start = try CommandLine().run(
      "microscope", recorded, "--words", lists, "--batches", "1", "--fresh", "--checkpoint",
      folder.path + "/start", "--output", one)
    try #require(start.status == 0, "\(start.errors)")
    // The start beside itself, with one seed and the same prompts.
    let same = try #require(try words(one)["arms"] as? [[String: Any]])
    #expect(same.map { $0["arm"] as? String } == ["as trained", "at start"])
    #expect(same[0]["frequency"] as? [Double] == same[1]["frequency"] as? [Double])
    #expect(same[0]["reward"] as? Double == same[1]["reward"] as? Double)
  }

  @Test func `the printed lists are the built-in ones`() throws {
    let printed = try CommandLine().run("microscope", "--print-words")
    #expect(printed.status == 0)
    #expect(printed.output.contains("\nCausal Indicator:\n"))
    let lists = folder.path + "/printed.yaml"
    try printed.output.write(toFile: lists, atomically: true, encoding: .utf8)
    let files = [folder.path + "/built-in.json", folder.path + "/printed.json"]
    for (file, options) in zip(files, [[], ["--words", lists]]) {
      let result = try CommandLine().run(
        ["microscope", config, "--batches", "1", "--output", file] + options)
      try #require(result.status == 0, "\(result.errors)")
    }
    let (builtIn, own) = (try words(files[0]), try words(files[1]))
    #expect(builtIn["words"] as? String == "built in")
    #expect(own["words"] as? String == lists)
    for key in ["categories", "arms", "bins"] {
      #expect((builtIn[key] as? NSArray) == (own[key] as? NSArray), "\(key)")
    }
    let arms = try #require(builtIn["arms"] as? [[String: Any]])
    #expect(arms.map { $0["arm"] as? String } == ["as configured"])
    let none = try CommandLine().run("microscope")
    #expect(none.status == 2)
    #expect(none.errors.contains("Missing expected argument '<run|config>'"))
  }

  @Test func `a configuration names arms, words and batches, and options replace them`() throws {
    let lists = folder.path + "/words.yaml"
    try "Good: [ok]\n".write(toFile: lists, atomically: true, encoding: .utf8)
    let own = folder.path + "/own.yaml"
    let section = """
      microscope:
        batches: 1
        words: "\(lists)"
      arm: mine
      arms:
        - plain=advantage=[grpo];schedule=single
        - whole=schedule=single
        - mine=schedule=lopti

      """
    try (String(contentsOfFile: config, encoding: .utf8) + section)
      .write(toFile: own, atomically: true, encoding: .utf8)
    let run = folder.path + "/own"
    let trained = try CommandLine().run("train", own, "--set", "output=\(run)")
    try #require(trained.status == 0, "\(trained.errors)")
    // By the run's own copy of the configuration.
    let result = try CommandLine().run("microscope", run)
    try #require(result.status == 0, "\(result.errors)")
    let found = try object(run + "/microscope.json")
    #expect(found["batches"] as? Int == 1)
    func arms(_ found: [String: Any]) throws -> [String] {
      try #require(found["figure3"] as? [[String: Any]]).compactMap { $0["arm"] as? String }
    }
    // Its own way comes first, and once.
    #expect(try arms(found) == ["mine", "plain", "whole"])
    #expect((found["figure5"] as? [String: Any])?["words"] as? String == lists)

    let output = folder.path + "/options.json"
    let replaced = try CommandLine().run(
      "microscope", run, "--batches", "2", "--output", output, "--arm", "short=schedule=single",
      "--set", "microscope.words=\"\"")
    try #require(replaced.status == 0, "\(replaced.errors)")
    let other = try object(output)
    #expect(other["batches"] as? Int == 2)
    #expect(try arms(other) == ["mine", "short"])
    #expect((other["figure5"] as? [String: Any])?["words"] as? String == "built in")
  }

  @Test func `wrong arms and words are refused before any work`() throws {
    func refused(_ arguments: String..., by sentence: String) throws {
      let result = try CommandLine().run(arguments)
      #expect(result.status == 2, "\(arguments)")
      #expect(result.errors.contains(sentence), "\(result.errors)")
      #expect(!result.errors.contains("batch 1 of"), "\(result.errors)")
    }
    let output = folder.path + "/never"
    let form = "arms[0]: expected NAME=key=value;key=value, got 'plain'"
    try refused(
      "train", config, "--set", "output=\(output)", "--set", "arms=[plain]", by: form)
    #expect(!FileManager.default.fileExists(atPath: output))
    try refused("microscope", recorded, "--set", "arms=[plain]", by: form)
    try refused(
      "microscope", recorded, "--set", "arms=[a=schedule=single, b=schedule=nothing]",
      by: "arms[1] b: ")
    try refused("microscope", recorded, "--arm", "b=schedule=nothing", by: "--arm b: ")
    try refused(
      "microscope", recorded, "--arm", "b=schedule=single", "--arm", "b=schedule=[]",
      by: "--arm: expected a name that no other arm has, got 'b'")
    try refused(
      "microscope", recorded, "--words", output,
      by: "\(output): expected a readable file with lists of words, found none")
    try refused(
      "microscope", recorded, "--set", "microscope.words=\(output)",
      by: "error: --set microscope.words: expected a readable file with lists of words, found none"
        + " at \(output)\n  hint: name it with --words; ")
    let lists = folder.path + "/words.yaml"
    try "A: [x]\nB: [x]\n".write(toFile: lists, atomically: true, encoding: .utf8)
    try refused(
      "microscope", recorded, "--words", lists,
      by: "\(lists):2: expected every word once, got 'x' for 'B' and before for 'A'")
  }

  @Test func `a run whose start is gone is looked at without it`() throws {
    let result = try CommandLine().run(
      "microscope", recorded, "--batches", "1", "--set", "objective=[grpo]", "--set",
      "policy.checkpoint=\(folder.path)/gone")
    try #require(result.status == 0, "\(result.errors)")
    #expect(result.errors.contains("the words of the policy at the start are left out: "))
    let arms = try #require(try words(recorded + "/microscope.json")["arms"] as? [[String: Any]])
    #expect(arms.map { $0["arm"] as? String } == ["as trained"])
  }
}
