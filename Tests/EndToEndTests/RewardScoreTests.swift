import Foundation
import Testing

/// `fulcrum reward score`: what a reward gives, before a run.
@Suite struct RewardScoreTests {
  private let folder: CommandLine.Folder
  private let example = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Examples/Process").path

  init() throws { folder = try CommandLine.Folder() }

  private func score(_ input: String, _ more: String...) throws -> CommandLine.Result {
    try CommandLine().run(
      [
        "reward", "score", "--use", "process", "--set", "directory=\(example)", "--set",
        "command=[python3, -B, reward.py]", "--input", input,
      ] + more)
  }

  private func file(_ text: String) throws -> String {
    let path = folder.path + "/in.jsonl"
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  @Test func `the example's scores are a table with a summary`() throws {
    let result = try score(example + "/samples.jsonl")
    #expect(result.status == 0, "\(result.errors)")
    #expect(
      result.output == """
        id          completion     reward  outcome      parts
        right       2 + 3 is 5.         1  correct      numbers 3
        wrong       2 + 3 is 6.         0  wrong        numbers 3
        no number   I don't know.       0  unparseable
        bad answer  2 + 3 is 5.      none  refused      the answer 'five' is no number

        4 completions, mean reward 0.3333 of the 3 with a score: correct 1, refused 1, \
        unparseable 1, wrong 1

        """)
  }

  @Test func `an output file has a line each and no table`() throws {
    let output = folder.path + "/out.jsonl"
    let result = try score(example + "/samples.jsonl", "--output", output)
    #expect(result.output.hasPrefix("4 completions, "), "\(result.output)\(result.errors)")
    let lines = try String(contentsOfFile: output, encoding: .utf8).split(separator: "\n")
    #expect(
      lines[0] == #"{"id": "right", "reward": 1, "outcome": "correct", "parts": {"numbers": 3}}"#)
    #expect(
      lines[3] == #"{"id": "bad answer", "reward": null, "outcome": "refused", "parts": {}, "#
        + #""reason": "the answer 'five' is no number"}"#)
  }

  @Test func `a recorded rollout will do, long completions are cut`() throws {
    let long = String(repeating: "ab", count: 40) + "5"
    let result = try score(
      try file(
        #"{"format": 1, "step": 1, "temperature": 1}"# + "\n"
          + #"{"id": "x", "prompt": "p", "answer": "5", "completions": ["#
          + #"{"text": "5\n", "tokens": [1, 2], "finished": true}, "#
          + #"{"text": "\#(long)", "tokens": [], "finished": false}]}"#))
    #expect(result.status == 0, "\(result.errors)")
    let lines = result.output.split(separator: "\n")
    #expect(lines[1].hasPrefix("x#1  5⏎ "), "\(result.output)")
    #expect(lines[2].hasPrefix("x#2  " + long.prefix(35) + "…       1  correct"))
  }

  @Test func `errors name the line`() throws {
    func errors(_ text: String) throws -> String {
      let result = try score(try file(text))
      #expect(result.status == 1)
      return result.errors
    }
    #expect(
      try errors("\n[]").contains("in.jsonl:2: expected a JSON object, got '[]'"))
    #expect(
      try errors(#"{"id": 1, "prompt": "", "completion": 3, "answer": ""}"#).contains(
        "in.jsonl:1: expected a text under \"completion\", got 3"))
    #expect(try errors("\n").contains("in.jsonl: expected completions to score, found none"))
    // A reward that can't judge texts without tokens says so for the first of them.
    let overlong = try CommandLine().run(
      "reward", "score", "--use", "overlong", "--set", "buffer=4", "--input",
      try file(
        #"{"id": 1, "prompt": "", "completion": "a", "answer": "", "tokens": 3, "token_limit": 9}"#
          + "\n" + #"{"id": 2, "prompt": "", "completion": "b", "answer": ""}"#))
    #expect(overlong.status == 2)
    #expect(
      overlong.errors.contains(
        "in.jsonl:2: reward overlong: reward: expected the completion's length in tokens"),
      "\(overlong.errors)")
  }

  @Test func `nothing scored is a failure`() throws {
    let output = folder.path + "/out.jsonl"
    let program =
      "import json, sys\\nfor line in sys.stdin: print(json.dumps({'id': json.loads(line)['id'], "
      + "'reward': float('nan')}))"
    let result = try CommandLine().run(
      "reward", "score", "--use", "process", "--set", "command=[python3, -c, \"\(program)\"]",
      "--input", example + "/samples.jsonl", "--output", output)
    #expect(result.status == 1)
    #expect(result.output == "4 completions, no scores: error 4\n")
    #expect(
      result.errors == "error: \(example)/samples.jsonl: expected a score for some completion, got"
        + " none; the first has the outcome 'error': the program's reward is nan\n")
    #expect(FileManager.default.fileExists(atPath: output))
  }

  @Test func `a program that can't work is given up at once, and no line is to blame`() throws {
    let script = folder.path + "/broken.py"
    try "import no_such_module\n".write(toFile: script, atomically: true, encoding: .utf8)
    let result = try CommandLine().run(
      "reward", "score", "--use", "process", "--set", "command=[python3, \"\(script)\"]",
      "--input", example + "/samples.jsonl")
    #expect(result.status == 1)
    let error = result.errors.split(separator: "\n").first { $0.hasPrefix("error: ") } ?? ""
    #expect(
      error.hasPrefix(
        "error: reward process: python3 \(script): expected a reply from the program, got none"
          + " in 3 starts; the last: it ended with status 1; its last words: '"), "\(result.errors)"
    )
    #expect(error.contains("No module named 'no_such_module'"))
    let complaints = result.errors.split(separator: "\n").count {
      $0.hasPrefix("reward process: ") && $0.contains("ModuleNotFoundError")
    }
    #expect(complaints == 1, "\(result.errors)")
  }

  @Test func `a program ends with a host that is killed`() throws {
    let script = "import os, sys; print(os.getpid(), file=open('id', 'w')); sys.stdin.read()"
    let host = CommandLine().process([
      "reward", "score", "--use", "process", "--input", example + "/samples.jsonl", "--set",
      "directory=\(folder.path)", "--set", "command=[python3, -c, \"\(script)\"]",
    ])
    try host.run()
    func program() -> pid_t? {
      (try? String(contentsOfFile: folder.path + "/id", encoding: .utf8)).flatMap {
        pid_t($0.trimmingCharacters(in: .newlines))
      }
    }
    for _ in 0..<500 where program() == nil { usleep(20_000) }
    let id = try #require(program())
    #expect(kill(id, 0) == 0)
    kill(host.processIdentifier, SIGKILL)
    host.waitUntilExit()
    for _ in 0..<500 where kill(id, 0) == 0 { usleep(20_000) }
    #expect(kill(id, 0) == -1 && errno == ESRCH)
  }
}
