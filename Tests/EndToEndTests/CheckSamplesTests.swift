import Foundation
import Testing

/// `fulcrum plugin check --samples`: a reward on samples of one's own.
@Suite struct CheckSamplesTests {
  private static let check = "the file's samples are scored as their lines expect"
  private let folder: CommandLine.Folder

  init() throws { folder = try CommandLine.Folder() }

  private func file(_ lines: String...) throws -> String {
    let path = folder.path + "/samples.jsonl"
    try lines.map { $0 + "\n" }.joined().write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  private func line(_ completion: String, _ expected: String) -> String {
    #"{"id": "a", "prompt": "2 3 make 5:", "completion": "\#(completion)", "#
      + #""answer": "{\"target\":5,\"numbers\":[2,3]}"\#(expected)}"#
  }

  @Test func `every check runs on the samples, and what they expect is compared`() throws {
    let checks = try PluginChecks(
      "countdown", "--samples", CommandLine.fixture("countdown-samples.jsonl"))
    #expect(checks.status == 0, "\(checks.rows.filter { $0.outcome != "ok" })\(checks.errors)")
    #expect(try checks.row(Self.check).detail == "6 samples, 5 with an expectation")
    let reward = checks.rows.filter { $0.component == "reward countdown" }
    #expect(reward.allSatisfy { $0.outcome == "ok" })
    let speed = try #require(reward.first { $0.check == "its speed, for information" })
    #expect(speed.detail.hasSuffix("samples/s on 32 of the given samples"))
    #expect(
      reward.contains {
        $0.check == "an answer passes its check if it is a given one, and only if it can be scored"
      })
  }

  @Test func `an expectation that isn't met is quoted with its line and both scores`() throws {
    let path = try file(
      line(" try2+3=5/5 done", #", "expected_reward": 1"#),
      line(" try2+3=5/5 nope", #", "expected_reward": 1, "expected_outcome": "correct""#),
      line(" stop", #", "expected_reward": null"#))
    let checks = try PluginChecks("countdown", "--samples", path)
    #expect(checks.status == 1)
    #expect(checks.faults == [Self.check])
    #expect(
      try checks.row(Self.check).detail
        == "\(path):2: expected reward 1.0 and outcome 'correct', got reward 0.0 and outcome"
        + " 'bad-format' for \" try2+3=5/5 nope\"; so it is with 2 of 3 samples, 3 with an expectation"
    )
  }

  @Test func `an answer that can't be used is told with its line`() throws {
    let path = try file(
      #"{"id": "a", "prompt": "p", "completion": " stop", "answer": "none", "expected_reward": 0}"#)
    let detail = try PluginChecks("countdown", "--samples", path).row(Self.check).detail
    #expect(detail.hasPrefix("\(path):1: "), "\(detail)")
  }

  @Test func `wrong requests fail and say what is meant`() throws {
    func errors(_ plugin: String, _ path: String) throws -> String {
      let result = try CommandLine().run("plugin", "check", plugin, "--samples", path)
      #expect(result.status != 0, "\(result.output)")
      return result.errors
    }
    #expect(
      try errors("lopti", try file(line(" stop", ""))).hasPrefix(
        "error: --samples: plugin 'lopti' has no reward to judge samples\n"))
    #expect(try errors("countdown", folder.path + "/none").contains("/none: "))
    #expect(
      try errors("countdown", try file(line(" stop", #", "expected_reward": "1""#))).contains(
        #"samples.jsonl:1: expected a number or null under "expected_reward", got "1""#))
    #expect(
      try errors("countdown", try file(line(" stop", #", "expected_outcome": 1"#))).contains(
        #"samples.jsonl:1: expected a text under "expected_outcome", got 1"#))
    #expect(
      try errors("countdown", try file(line(" stop", #", "expected_rewrd": 1"#))).contains(
        #"samples.jsonl:1: expected "expected_reward" or "expected_outcome", got "expected_rewrd""#)
    )
  }

  @Test func `the fields of an item's row come along`() throws {
    let path = try file(line(" stop", #", "fields": 3"#))
    let result = try CommandLine().run("reward", "score", "--use", "countdown", "--input", path)
    #expect(
      result.errors.contains(#"samples.jsonl:1: expected an object under "fields", got 3"#),
      "\(result.errors)")
  }
}
