import Foundation
import FulcrumKernel
import ProcessRewardPlugin
import Testing

/// Tests the lines that a program gets, and those that it may write.
@Suite struct ProtocolTests {
  private let workshop: Workshop

  init() throws { workshop = try Workshop() }

  @Test func `a program gets every field of a sample, one line each`() throws {
    let reward = try workshop.python(
      """
      while (s := ask()) is not None:
          open("seen", "a").write(json.dumps(s, sort_keys=True) + "\\n")
          say(id=s["id"], reward=1)
      """)
    let full = RewardSample(
      prompt: "a\n\"b\"\u{2028}é", completion: "c/d\t\u{1}", answer: "", isFinished: false,
      tokenCount: 7, tokenLimit: 40)
    _ = try reward.score([full, RewardSample(prompt: "", completion: "x", answer: "y")])
    #expect(
      workshop.lines("seen") == [
        #"{"answer": "", "completion": "c/d\t\u0001", "finished": false, "id": 0, "#
          + #""prompt": "a\n\"b\"\u2028\u00e9", "token_limit": 40, "tokens": 7}"#,
        #"{"answer": "y", "completion": "x", "finished": true, "id": 1, "prompt": ""}"#,
      ])
  }

  @Test func `a program gets the row's other fields and the conversation where there are some`()
    throws
  {
    let reward = try workshop.python(
      """
      while (s := ask()) is not None:
          open("seen", "a").write(json.dumps(s, sort_keys=True) + "\\n")
          say(id=s["id"], reward=1)
      """)
    let fields: [String: FieldValue] = [
      "unit": .text("m"), "digits": .integer(9_007_199_254_740_993), "weight": .number(0.5),
      "tags": .list([.flag(true), .null]), "more": .object(["a": .text("b")]),
    ]
    let rich = RewardSample(
      prompt: "p", completion: "c", answer: "a", id: "train/7", fields: fields)
    let turns = RewardSample(
      prompt: "p", completion: "c", answer: "a", id: "x", messages: [ChatMessage(.user, "Hi")])
    _ = try reward.score([rich, turns])
    #expect(
      workshop.lines("seen") == [
        #"{"answer": "a", "completion": "c", "fields": {"digits": 9007199254740993, "#
          + #""more": {"a": "b"}, "tags": [true, null], "unit": "m", "weight": 0.5}, "#
          + #""finished": true, "id": 0, "item": "train/7", "prompt": "p"}"#,
        #"{"answer": "a", "completion": "c", "finished": true, "id": 1, "item": "x", "#
          + #""messages": [{"content": "Hi", "role": "user"}], "prompt": "p"}"#,
      ])
  }

  @Test func `replies may come in any order, with outcome and parts, or without`() throws {
    let reward = try workshop.python(
      """
      a, b = ask(), ask()
      say(id=b["id"], reward=-0.5)
      say(id=a["id"], reward=1.5, outcome="wrong", parts={"z": 1, "b": 0.5})
      ask()
      """)
    let scores = try reward.score(samples(["one", "two"]))
    #expect(scores.map(\.value) == [1.5, -0.5])
    #expect(scores.map(\.outcome.rawValue) == ["wrong", "value"])
    #expect(scores[0].parts.map(\.name) == ["b", "z"])
    #expect(scores[0].parts.map(\.value) == [0.5, 1])
    #expect(scores[1].parts.isEmpty)
  }

  @Test func `an error, a refusal and a NaN are no scores and say why`() throws {
    let reward = try workshop.python(
      """
      say(id=ask()["id"], error="no unit")
      say(id=ask()["id"], refused="not mine to judge")
      say(id=ask()["id"], reward=float("nan"))
      say(id=ask()["id"], reward=1, parts={"style": float("inf")})
      say(id=ask()["id"], reward=1)
      ask()
      """)
    let scores = try reward.score(samples(["a", "b", "c", "d", "e"]))
    #expect(scores.map(\.outcome.rawValue) == ["error", "refused", "error", "error", "value"])
    #expect(scores.map { $0.value == nil } == [true, true, true, true, false])
    #expect(
      scores.map(\.reason) == [
        "no unit", "not mine to judge", "the program's reward is nan",
        "the program's part 'style' is inf", nil,
      ])
  }

  @Test(
    arguments: [
      (#"hello"#, #"expected a JSON object such as {"id": 1, "reward": 0.5}, got 'hello'"#),
      ("[1]", #"expected a JSON object such as {"id": 1, "reward": 0.5}, got '[1]'"#),
      (
        #"{"id": 0, "reward": "1"}"#,
        #"expected a JSON object such as {"id": 1, "reward": 0.5}, got '{"id": 0, "reward": "1"}'"#
      ),
      (#"{"reward": 1}"#, #"expected a reply with an "id", got '{"reward": 1}'"#),
      (
        #"{"id": 0}"#,
        #"expected one of "reward", "error" and "refused" in a reply, got '{"id": 0}'"#
      ),
      (
        #"{"id": 0, "reward": 1, "error": "e"}"#,
        #"expected one of "reward", "error" and "refused" in a reply, got '{"id": 0, "reward": 1, "#
          + #""error": "e"}'"#
      ),
      (
        #"{"id": 0, "rewrd": 1}"#,
        #"expected no key 'rewrd' in a reply, got '{"id": 0, "rewrd": 1}'"#
      ),
      (
        #"{"id": 0, "reward": 1, "outcome": "time-out"}"#,
        #"expected no "reward" beside the outcome 'time-out', got '{"id": 0, "reward": 1, "#
          + #""outcome": "time-out"}'"#
      ),
      (#"{"id": 9, "reward": 1}"#, "expected a reply to one of ids 0 to 0, got one to id 9"),
    ])
  func `a line that is no reply is quoted`(line: String, message: String) throws {
    let reward = try workshop.python(
      """
      while ask() is not None:
          print('''\(line)''')
      """, ["restarts": .integer(0)])
    let error = #expect(throws: FulcrumError.self) { try reward.score(samples(["a"])) }
    #expect(error?.code.rawValue == "program")
    #expect(error?.location == "python3 r.py")
    #expect(
      error?.message == "expected a reply from the program, got none in 1 start; the last: "
        + message)
    #expect(
      error?.hint?.hasPrefix(
        line == "hello" ? "standard output is for replies alone" : "reply to each line with")
        == true)
  }

  @Test func `a program that isn't there is looked for before anything starts`() throws {
    func refusal(_ given: [String: ParameterValue]) -> FulcrumError? {
      #expect(throws: FulcrumError.self) { try workshop.make(given) }
    }
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    #expect(
      refusal(["command": .texts(["no-such-thing", "x"])])?.description == """
        reward.command: expected a program, found no executable 'no-such-thing' in PATH: \(path)
          hint: install it, or give its path (with a '/')
        """)
    try "".write(toFile: workshop.path + "/plain", atomically: true, encoding: .utf8)
    #expect(
      refusal(["command": .texts(["./plain"])])?.description == """
        reward.command: expected a program, found no executable file at '\(workshop.path)/./plain'
          hint: give a script by way of its interpreter ([python3, reward.py]), or 'chmod +x' it
        """)
    #expect(
      refusal(["command": .texts(["sh", "nowhere.sh"])])?.description == """
        reward.command: expected a script, found none at '\(workshop.path)/nowhere.sh'
          hint: give its path, relative to 'directory'
        """)
    #expect(
      refusal(["command": .texts([])])?.description == """
        reward.command: expected a program and its arguments, got nothing
          hint: write command: [python3, reward.py]
        """)
    #expect(
      refusal(["command": .texts(["sh"]), "directory": .text("/nowhere")])?.description
        == "reward.directory: expected a folder, found none at '/nowhere'")
    #expect(refusal([:])?.message == "expected a list of texts, got nothing")
  }

  @Test func `the example in the repository passes its own test`() throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Examples/Process").path
    let test = Process()
    test.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    test.arguments = ["python3", "-B", "test_reward.py"]
    test.currentDirectoryURL = URL(fileURLWithPath: folder)
    test.standardError = FileHandle.nullDevice
    try test.run()
    test.waitUntilExit()
    #expect(test.terminationStatus == 0)
    let reward = try workshop.make([
      "directory": .text(folder), "command": .texts(["python3", "-B", "reward.py"]),
    ])
    let scores = try reward.score([
      RewardSample(prompt: "2 + 3?", completion: "It is 5.", answer: "5"),
      RewardSample(prompt: "2 + 3?", completion: "It is 6.", answer: "5"),
      RewardSample(prompt: "2 + 3?", completion: "No idea.", answer: "5"),
      RewardSample(prompt: "2 + 3?", completion: "It is 5.", answer: "five"),
    ])
    #expect(scores.prefix(3).map(\.value) == [1, 0, 0])
    #expect(
      scores.map(\.outcome.rawValue) == ["correct", "wrong", "unparseable", "refused"])
    #expect(scores[3].reason == "the answer 'five' is no number")
  }
}
