import FulcrumKernel
import JSONLTaskPlugin
import Testing

/// Lines with messages, nested keys and completions.
@Suite struct ConversationTests {
  @Test func `prefix and suffix stand around a conversation's last message`()
    throws
  {
    let file = try TemporaryFile(
      #"{"prompt": [{"role": "system", "content": "S"}, {"role": "user", "content": "U", "name": "x"}], "#
        + #""answer": 1}"#,
      #"{"prompt": [{"role": "user", "content": [{"type": "text", "text": "a"}, "b"]}], "#
        + #""answer": 2}"#)
    let source = try task(file, ["prefix": .text("<"), "suffix": .text(">")])
    let items = try (0..<2).map { try source.trainingItem($0) }
    #expect(items.map(\.prompt) == ["", ""])
    #expect(items[0].messages == [ChatMessage(.system, "S"), ChatMessage(.user, "<U>")])
    #expect(items[1].messages == [ChatMessage(.user, "<ab>")])
    #expect(items.allSatisfy { $0.fields.isEmpty })
  }

  @Test func `keys lead into objects by dots; a key with the dots itself comes first`() throws {
    let file = try TemporaryFile(
      #"{"p": "q", "a": {"b": {"c": 7}}, "kind": {"name": "sum"}, "x.y": "dotted", "x": {"y": "inner"}}"#
    )
    let keys: [String: ParameterValue] = [
      "prompt-key": .text("p"), "category-key": .text("kind.name"),
    ]
    func answer(_ key: String) throws -> String {
      try task(file, keys.merging(["answer-key": .text(key)]) { $1 }).trainingItem(0).answer
    }
    #expect(try answer("a.b.c") == "7")
    #expect(try answer("x.y") == "dotted")
    #expect(try answer("a.b") == #"{"c":7}"#)
    let item = try task(file, keys.merging(["answer-key": .text("a.b.c")]) { $1 }).trainingItem(0)
    #expect(item.category == "sum")
    // A column that is used in part is still there for the reward.
    #expect(item.fields.keys.sorted() == ["a", "kind", "x", "x.y"])
    #expect(
      failure(file, keys.merging(["answer-key": .text("a.b.d")]) { $1 }) == """
        task: FILE:1: expected 'a.b.d' as a text or a number, got no such key
          hint: 'answer-key' names the key; the line has a.b, kind.name, p, x.y, x.y
        """)
  }

  @Test(arguments: [
    (#"["2"]"#, "2"), ("[2.50]", "2.5"), (#"["2", "3"]"#, #"["2","3"]"#), ("[]", "[]"),
    (#"{"target": 24, "numbers": [3, 8]}"#, #"{"target":24,"numbers":[3,8]}"#),
  ])
  func `an answer may be a list or an object`(written: String, expected: String) throws {
    let source = try task(TemporaryFile(#"{"prompt": "?", "answer": \#(written)}"#))
    #expect(try source.trainingItem(0).answer == expected)
  }

  @Test func `lines with completions are demonstrations`() throws {
    let train = try TemporaryFile(
      #"{"prompt": "1 + 1?", "completion": " 2"}"#,
      #"{"prompt": [{"role": "user", "content": "2?"}], "completion": [{"role": "assistant", "content": "3"}]}"#,
      #"{"prompt": [{"role": "user", "content": "3?"}, {"role": "assistant", "content": "4"}]}"#)
    let heldOut = try TemporaryFile(#"{"prompt": "9?", "completion": "10"}"#)
    let source = try task(
      train, ["answer-key": .text(""), "held-out": .text(heldOut.path), "prefix": .text("> ")])
    #expect(source.demonstrationCount == 3)
    let demonstrations = try (0..<4).map { try source.demonstration($0) }
    #expect(demonstrations.map(\.prompt) == ["> 1 + 1?", "", "", "> 1 + 1?"])
    #expect(demonstrations.map(\.completion) == [" 2", "3", "4", " 2"])
    #expect(demonstrations[1].messages == [ChatMessage(.user, "> 2?")])
    #expect(demonstrations[2].messages == [ChatMessage(.user, "> 3?")])
    #expect(demonstrations[0].location == "\(train.path):1")
    // What the assistant says last is no part of a prompt.
    #expect(try source.trainingItem(2).messages == [ChatMessage(.user, "> 3?")])
    #expect(try source.trainingItem(0).fields.isEmpty)
    #expect(try source.heldOutDemonstrations(atMost: 5).map(\.completion) == ["10"])
    #expect(try source.heldOutDemonstrations(atMost: 0).isEmpty)
  }

  @Test func `a line without a completion is no demonstration`() throws {
    let file = try TemporaryFile(#"{"prompt": "p", "answer": "a"}"#)
    let none = #expect(throws: FulcrumError.self) { try task(file).demonstration(0) }
    #expect(none?.code == .unsupported)
    #expect(
      none?.description == """
        \(file.path):1: expected a completion to imitate, got none
          hint: 'completion-key' names the key; or let the conversation end with the assistant's turn
        """)
    let some = try TemporaryFile(
      #"{"prompt": "p", "answer": 1}"#, #"{"prompt": "q", "answer": 1, "completion": "r"}"#)
    #expect(throws: FulcrumError.self) { try task(some).demonstration(0) }
    #expect(try task(some).demonstration(1).completion == "r")
    #expect(
      failure(try TemporaryFile(#"{"prompt": "p", "answer": 1, "completion": 2}"#)) == """
        task: FILE:1: expected 'completion' as a text or one message of the assistant, got a number
          hint: write the number as a text, in quotes
        """)
  }

  @Test func `held-out conversations are no training conversations`() throws {
    let line = #"{"prompt": [{"role": "user", "content": "1?"}], "answer": 1}"#
    let (train, heldOut) = (try TemporaryFile(line), try TemporaryFile(line))
    let error = #expect(throws: FulcrumError.self) {
      try task(train, ["held-out": .text(heldOut.path)])
    }
    #expect(error?.message.contains("apart from training") == true)
  }
}
