import Foundation
import FulcrumKernel
import JSONLTaskPlugin
import Testing

@Suite struct JSONLTaskTests {
  @Test func `lines become items in their order`() throws {
    let file = try TemporaryFile(
      #"{"prompt": "1 + 1 = ?", "answer": "2"}"#, "", "  \t\r",
      #"{"answer": 7.50, "prompt": "Zeile\n\u00fc\ud83e\uddee", "level": [1, {"a": null}]}"#, "")
    let source = try task(file)
    #expect(source.trainingCount == 2)
    let items = try (0..<2).map { try source.trainingItem($0) }
    #expect(items.map(\.id) == ["train/0", "train/1"])
    #expect(items.map(\.prompt) == ["1 + 1 = ?", "Zeile\nü🧮"])
    #expect(items.map(\.answer) == ["2", "7.5"])
    #expect(items.map(\.category) == ["all", "all"])
    #expect(try source.heldOutItems(perCategory: 10).isEmpty)
  }

  @Test func `a line's other keys are fields for the reward`() throws {
    let file = try TemporaryFile(
      #"{"prompt": "p", "answer": 2, "kind": "sum", "id": 9007199254740993, "share": 0.25, "#
        + #""level": [1, {"a": null}], "hard": true, "none": null}"#)
    let item = try task(file, ["category-key": .text("kind")]).trainingItem(0)
    #expect(
      item.fields == [
        "id": .integer(9_007_199_254_740_993), "share": .number(0.25),
        "level": .list([.integer(1), .object(["a": .null])]), "hard": .flag(true), "none": .null,
      ])
    #expect(item.messages.isEmpty)
  }

  @Test(
    arguments: [
      ("72", "72"), ("-3", "-3"), ("0.10", "0.1"), ("1e2", "100"), ("25E-3", "0.025"),
      ("1e-7", "0.0000001"), ("-0.0", "0"), ("9007199254740993", "9007199254740993"),
      ("123456789012345678901", "123456789012345678901"),
      ("0.1234567890123456789012345678901234567", "0.1234567890123456789012345678901234567"),
    ])
  func `a number keeps its value as an answer`(written: String, expected: String) throws {
    let source = try task(TemporaryFile(#"{"prompt": "?", "answer": \#(written)}"#))
    #expect(try source.trainingItem(0).answer == expected)
  }

  @Test(
    arguments: [
      // 38 digits are the most that the reader holds; whether it rounded then can't be seen.
      "12345678901234567890123456789012345678",
      "100000000000000000000000000000000000000000000000005", "-1e37",
      "0.12345678901234567890123456789012345678901234567890",
    ])
  func `a number whose digits would be lost is refused`(written: String) throws {
    let file = try TemporaryFile(#"{"prompt": "?", "answer": \#(written)}"#)
    #expect(
      failure(file) == """
        task: FILE:1: expected 'answer' as a text or a number, got a number of more than 37 digits
          hint: write the number as a text, in quotes
        """)
  }

  @Test func `keys, prefix and suffix are the user's`() throws {
    let file = try TemporaryFile(
      #"{"question": "Q1", "prompt": "no", "final": "1", "level": 3}"#,
      #"{"question": "Q2", "prompt": "no", "final": "2", "level": "hard"}"#)
    let source = try task(
      file,
      [
        "prompt-key": .text("question"), "answer-key": .text("final"),
        "category-key": .text("level"), "prefix": .text("User: "), "suffix": .text("\nBot:"),
      ])
    let items = try (0..<2).map { try source.trainingItem($0) }
    #expect(items.map(\.prompt) == ["User: Q1\nBot:", "User: Q2\nBot:"])
    #expect(items.map(\.answer) == ["1", "2"])
    #expect(items.map(\.category) == ["3", "hard"])
  }

  @Test func `without an answer key answers are empty`() throws {
    let source = try task(TemporaryFile(#"{"prompt": "Write."}"#), ["answer-key": .text("")])
    #expect(try source.trainingItem(0).answer == "")
  }

  @Test func `held-out items are taken by category, in the order of first sight`() throws {
    let train = try TemporaryFile(#"{"prompt": "t", "answer": 0, "c": "x"}"#)
    let rows = ["b", "a", "b", "b", "a"].enumerated().map {
      #"{"prompt": "p\#($0)", "answer": \#($0), "c": "\#($1)"}"#
    }
    let heldOut = try TemporaryFile(Data(rows.joined(separator: "\n").utf8))
    let source = try task(
      train, ["held-out": .text(heldOut.path), "category-key": .text("c")])
    func ids(_ count: Int) throws -> [String] {
      try source.heldOutItems(perCategory: count).map(\.id)
    }
    #expect(try ids(2) == ["held-out/0", "held-out/2", "held-out/1", "held-out/4"])
    #expect(try ids(1) == ["held-out/0", "held-out/1"])
    #expect(try ids(9).count == 5)
    #expect(try ids(0).isEmpty)
    #expect(try source.heldOutItems(perCategory: 1).map(\.answer) == ["0", "1"])
  }

  @Test func `a byte-order mark and carriage returns are no part of the lines`() throws {
    let text =
      "\u{FEFF}{\"prompt\": \"p\", \"answer\": \"a\"}\r\n{\"prompt\": \"q\", \"answer\": \"b\"}\r\n"
    let source = try task(TemporaryFile(Data(text.utf8)))
    #expect(try (0..<2).map { try source.trainingItem($0).prompt } == ["p", "q"])
  }

  @Test(
    arguments: [
      (
        #"{"prompt": "p", "answer": "a""#,
        "a line that isn't JSON\n  hint: column 30: expected ',' or '}', got the end of the text;"
          + " an object begins and ends on one line"
      ),
      (
        #"{"prompt": "p"} {"prompt": "q"}"#,
        "a line that isn't JSON\n  hint: column 17: expected the end of the text, got '{'"
      ),
      ("prompt", "a line that isn't JSON\n  hint: column 1: expected a value, got 'p'"),
      (
        #"{"prompt": "\ud800", "answer": "a"}"#,
        "a line that isn't JSON\n  hint: column 15: expected a Unicode scalar, not half of a"
          + " surrogate pair, got 'd'"
      ),
      ("[1]", "a list\n  hint: each object has a line of its own, without brackets around"),
      ("\"p\"", "a text"), ("5", "a number"), ("true", "true or false"),
      ("null", "null"),
    ])
  func `a line that is no object is named`(line: String, got: String) throws {
    let file = try TemporaryFile(#"{"prompt": "p", "answer": "a"}"#, "", line)
    #expect(failure(file) == "task: FILE:3: expected a JSON object, got \(got)")
  }

  @Test(
    arguments: [
      ("[1, 2]", "a list"), ("true", "true or false"), ("null", "null"), ("{}", "an object"),
      ("[]", "a list"),
    ])
  func `a prompt that is no text is named`(value: String, got: String) throws {
    let file = try TemporaryFile(#"{"prompt": \#(value), "answer": "a"}"#)
    #expect(
      failure(file) == """
        task: FILE:1: expected 'prompt' as a text or a list of messages, got \(got)
          hint: 'prompt-key' names the key; the line has answer, prompt
        """)
  }

  @Test func `a key that is there twice is refused at its line`() throws {
    let file = try TemporaryFile(
      #"{"prompt": "p", "answer": 1}"#, #"{"prompt": "p", "answer": 1, "prompt": "q"}"#)
    #expect(
      failure(file) == """
        task: FILE:2: expected each key once, got 'prompt' again
          hint: column 30: remove one of the two, for readers differ in which counts
        """)
  }

  @Test
  func `a number as a prompt, one out of range, and strange messages have remedies of their own`()
    throws
  {
    #expect(
      failure(try TemporaryFile(#"{"prompt": 7, "answer": "a"}"#)) == """
        task: FILE:1: expected 'prompt' as a text or a list of messages, got a number
          hint: write the number as a text, in quotes
        """)
    #expect(
      failure(try TemporaryFile(#"{"prompt": "p", "answer": 1e400}"#)) == """
        task: FILE:1: expected 'answer' as a text or a number, got a number out of range
          hint: write the number as a text, in quotes
        """)
    #expect(
      failure(try TemporaryFile(#"{"prompt": [{"role": "tool", "content": "1+1"}]}"#)) == """
        task: FILE:1: expected 'prompt' as a text or a list of messages, got a list of an object
          hint: a message has a role (system, user, assistant) and a content, a text or parts of text;\
         one is {"role":"tool","content":"1+1"}
        """)
    #expect(
      failure(
        try TemporaryFile(#"{"prompt": [{"role": "assistant", "content": "2"}], "answer": 1}"#))
        == "task: FILE:1: expected 'prompt' with a turn before the assistant's, got none")
  }

  @Test func `an answer can stand behind a mark in its field`() throws {
    let file = try TemporaryFile(
      #"{"prompt": "p", "answer": "48 / 2 = 24 #### 3 so 72 clips.\n#### 72 "}"#,
      #"{"prompt": "q", "answer": " ####"}"#)
    let source = try task(file, ["answer-after": .text("####")])
    #expect(try (0..<2).map { try source.trainingItem($0).answer } == ["72", ""])
    #expect(
      failure(
        try TemporaryFile(#"{"prompt": "p", "answer": 72}"#), ["answer-after": .text("####")])
          == """
          task: FILE:1: expected '####' in 'answer', got '72'
            hint: 'answer-after' names the mark that answers stand behind
          """)
  }

  @Test func `items know their lines`() throws {
    let train = try TemporaryFile("", #"{"prompt": "p", "answer": 1}"#)
    let heldOut = try TemporaryFile(#"{"prompt": "q", "answer": 1}"#)
    let source = try task(train, ["held-out": .text(heldOut.path)])
    #expect(try source.trainingItem(0).location == "\(train.path):2")
    #expect(try source.heldOutItems(perCategory: 1).map(\.location) == ["\(heldOut.path):1"])
  }

  @Test func `a missing key is named with the line's keys`() throws {
    #expect(
      failure(try TemporaryFile(#"{"question": "p", "answer": "a"}"#)) == """
        task: FILE:1: expected 'prompt' as a text or a list of messages, got no such key
          hint: 'prompt-key' names the key; the line has answer, question
        """)
    #expect(
      failure(try TemporaryFile(#"{"prompt": "p", "answer": null}"#)) == """
        task: FILE:1: expected 'answer' as a text or a number, got null
          hint: 'answer-key' names the key; the line has answer, prompt
        """)
    #expect(
      failure(try TemporaryFile("{}"), ["category-key": .text("level")]) == """
        task: FILE:1: expected 'prompt' as a text or a list of messages, got no such key
          hint: 'prompt-key' names the key; the line has none
        """)
    #expect(
      failure(
        try TemporaryFile(#"{"prompt": "p", "answer": "a"}"#), ["category-key": .text("level")])
          == """
          task: FILE:1: expected 'level' as a text or a number, got no such key
            hint: 'category-key' names the key; the line has answer, prompt
          """)
  }

  @Test func `an empty prompt, a file without lines and an empty key are refused`() throws {
    #expect(
      failure(try TemporaryFile(#"{"prompt": "", "answer": "a"}"#))
        == "task: FILE:1: expected 'prompt' as a text, got an empty one")
    #expect(
      failure(try TemporaryFile("", " "))
        == "task: FILE: expected at least one line with a JSON object, got none")
    #expect(
      failure(try TemporaryFile(#"{"": "p"}"#), ["prompt-key": .text("")])
        == "task.prompt-key: expected a key, got an empty text")
  }

  @Test func `bytes that are no UTF-8, and deep nesting, are refused`() throws {
    let bytes = Data(#"{"prompt": ""#.utf8) + Data([0xFF, 0xFE]) + Data(#"", "answer": ""}"#.utf8)
    #expect(failure(try TemporaryFile(bytes))?.hasPrefix("task: FILE:1: ") == true)
    let deep = String(repeating: "[", count: 1_000_000) + String(repeating: "]", count: 1_000_000)
    #expect(
      failure(try TemporaryFile(#"{"prompt": "p", "answer": "a", "x": \#(deep)}"#))
        == "task: FILE:1: expected a JSON object, got a line that isn't JSON\n  hint: column 101:"
        + " expected at most 64 levels, got '['")
  }

  @Test func `a held-out prompt that is trained on is refused, with both lines`() throws {
    let train = try TemporaryFile(
      #"{"prompt": "p", "answer": 1}"#, #"{"prompt": "q", "answer": 1}"#)
    let heldOut = try TemporaryFile(
      #"{"prompt": "r", "answer": 1}"#, #"{"prompt": "q", "answer": 2}"#)
    let error = #expect(throws: FulcrumError.self) {
      try task(train, ["held-out": .text(heldOut.path)])
    }
    #expect(
      error?.description == """
        task: \(heldOut.path):2: expected held-out prompts apart from training, got the one of\
         \(train.path):2 again
          hint: remove it from one of the files
        """)
  }

  @Test func `files that can't be read say why`() throws {
    let missing = #expect(throws: FulcrumError.self) {
      try make(["train": .text("/nowhere.jsonl")])
    }
    #expect(missing?.code == .notFound)
    #expect(
      missing?.description == """
        task: /nowhere.jsonl: expected a file of JSON lines, got no such file
          hint: relative paths start at the working folder
        """)
    let folder = #expect(throws: FulcrumError.self) { try make(["train": .text("/tmp")]) }
    #expect(folder?.code == .inputOutput)
    #expect(folder?.description == "task: /tmp: expected a file of JSON lines, got a folder")
    let others: [([UInt8], String, String)] = [
      ([0x1F, 0x8B, 8, 0], "a gzip file", "gunzip it: gunzip --keep FILE"),
      (
        [0x28, 0xB5, 0x2F, 0xFD, 0], "a Zstandard file",
        "unpack it: zstd --decompress --keep FILE"
      ),
      (
        [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0, 0], "an xz file", "unpack it: xz --decompress --keep FILE"
      ),
      (Array("BZh9".utf8), "a bzip2 file", "unpack it: bzip2 --decompress --keep FILE"),
      (
        Array("PAR1".utf8), "a Parquet file",
        "the task 'parquet' reads it: task: {use: parquet, train: [FILE]}"
      ),
    ]
    for (bytes, got, remedy) in others {
      #expect(
        failure(try TemporaryFile(Data(bytes)))
          == "task: FILE: expected plain JSON lines, got \(got)\n  hint: \(remedy)")
    }
    let none = #expect(throws: FulcrumError.self) { try make([:]) }
    #expect(
      none?.description == """
        task.train: expected a text, got nothing
          hint: file of the prompts to train on
        """)
  }

  @Test(arguments: [-1, 1])
  func `an index outside the file is refused`(index: Int) throws {
    let source = try task(TemporaryFile(#"{"prompt": "p", "answer": "a"}"#))
    let error = #expect(throws: FulcrumError.self) { try source.trainingItem(index) }
    #expect(error?.message == "expected an index of at least 0 and below 1, got \(index)")
    #expect(error?.code == .usage)
  }

  @Test func `the recipe's sample file is read`() throws {
    // By this file's own place, since tests may run in any folder.
    let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let recipes = root.appendingPathComponent("Documentation/Recipes").path
    let source = try make([
      "train": .text(recipes + "/math-sample.jsonl"),
      "held-out": .text(recipes + "/math-sample-held-out.jsonl"),
    ])
    #expect(source.trainingCount ?? 0 >= 20)
    #expect(try source.heldOutItems(perCategory: 100).count >= 8)
  }

  @Test func `the entry function registers one task`() {
    let registrar = PluginRegistrar()
    fulcrumPluginJSONL(Unmanaged.passUnretained(registrar).toOpaque())
    #expect(registrar.pluginName == "jsonl")
    #expect(registrar.pluginVersion == "0.1.0")
    #expect(registrar.components.map(\.kind) == [.task])
    #expect(registrar.components.map(\.manual.name) == ["jsonl"])
    #expect(registrar.failure == nil)
  }
}
