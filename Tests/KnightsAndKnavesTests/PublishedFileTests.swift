import Foundation
import FulcrumKernel
import KnightsAndKnavesPlugin
import Testing

private func row(
  quiz: String = "Tess says so. Who is who?", prompt: String? = nil, statements: String? = nil,
  names: [String] = ["Tess", "Mark"], knaves: Set<String> = []
) throws -> String {
  var fields: [String: Any] = [
    "quiz": quiz, "names": names,
    "solution_text_format": names.enumerated().map {
      "(\($0 + 1)) \($1) is a \(knaves.contains($1) ? "knave" : "knight")"
    }.joined(separator: "\n"),
    "index": 3,
  ]
  if let prompt { fields["prompt"] = [["role": "user", "content": prompt]] }
  if let statements { fields["statements"] = statements }
  return String(decoding: try JSONSerialization.data(withJSONObject: fields), as: UTF8.self)
}

@Test func `rows of files are the training items`() throws {
  let folder = try TemporaryFolder()
  let first = try folder.write("a.jsonl", row(prompt: "given") + "\n\n")
  let second = try folder.write("b.jsonl", row(quiz: "Q", names: ["Tess", "Mark", "Una"]))
  let task = try makeTask(["files": .texts([first, second]), "prompt": .text("base")])
  #expect(task.trainingCount == 2)
  let given = try task.trainingItem(0)
  #expect(given.id == "2-people/train/0")
  #expect(given.prompt == "given")
  #expect(given.answer == "(1) Tess is a knight\n(2) Mark is a knight")
  #expect(given.category == "2 people")
  let built = try task.trainingItem(1)
  #expect(built.prompt == PromptStyle.base.prompt(for: "Q"))
  #expect(built.category == "3 people")
  let error = failure { _ = try task.trainingItem(2) }
  #expect(error?.message == "expected an index of at least 0 and below 2, got 2")
}

@Test func `held-out rows come by category and at most as many as asked`() throws {
  let folder = try TemporaryFolder()
  let rows = try [
    row(quiz: "A", names: ["Tess", "Mark", "Una"]), row(quiz: "B"), row(quiz: "C"),
    row(quiz: "D"),
  ]
  let heldOut = try folder.write("held-out.jsonl", rows.joined(separator: "\n"))
  let items = try makeTask(["held-out-files": .texts([heldOut])]).heldOutItems(perCategory: 2)
  #expect(
    items.map(\.id) == ["2-people/held-out/0", "2-people/held-out/1", "3-people/held-out/0"])
  #expect(items.map(\.prompt) == ["B", "C", "A"].map { PromptStyle.chat.prompt(for: $0) })
}

@Test func `a puzzle in both kinds of files is refused`() throws {
  let folder = try TemporaryFolder()
  let training = try folder.write("train.jsonl", row(quiz: "A") + "\n" + row(quiz: "B"))
  let heldOut = try folder.write("test.jsonl", row(quiz: "C") + "\n" + row(quiz: "B"))
  let error = failure {
    _ = try makeTask(["files": .texts([training]), "held-out-files": .texts([heldOut])])
  }
  #expect(error?.code == .data)
  #expect(error?.location == "task: \(heldOut):2")
  #expect(
    error?.message
      == "expected held-out puzzles apart from training, got the one of \(training):2 again")
}

@Test func `generated puzzles avoid the forms of held-out rows`() throws {
  let folder = try TemporaryFolder()
  // Person 1, a knave, lies in saying that both are knights.
  let form = CanonicalForm([.knave(1), .and([.knight(0), .knight(1)])])
  func isMade(_ given: [String: ParameterValue]) throws -> Bool {
    let task = try makeTask(given.merging(["people": .integer(2)]) { $1 })
    return try (0..<3000).contains {
      CanonicalForm(try statements(of: task.trainingItem($0).prompt)) == form
    }
  }
  #expect(try isMade([:]))
  // The same puzzle with its people and sides the other way round.
  let twin = "(('and', ('telling-truth', 0), ('telling-truth', 1)), ('lying', 0))"
  let heldOut = try folder.write("test.jsonl", row(statements: twin, knaves: ["Tess"]))
  #expect(try !isMade(["held-out-files": .texts([heldOut])]))
}

@Test(arguments: [
  ("[1]", "expected a JSON object, got a list"),
  ("{\"quiz\": ", "expected a JSON object, got a line that isn't JSON"),
  ("{}", "expected 'quiz' as a text, got no such field"),
  ("{\"quiz\": null}", "expected 'quiz' as a text, got null"),
  ("{\"quiz\": \"Q\", \"names\": \"Tess\"}", "expected 'names' as a list of texts, got a text"),
  (
    "{\"quiz\": \"Q\", \"names\": [\"Tess\"], \"solution_text_format\": 3}",
    "expected 'solution_text_format' as a text, got a number or a truth value"
  ),
  (
    """
    {"quiz": "Q", "names": ["Tess"], "solution_text_format": "Tess is a knight", "prompt": []}
    """,
    "expected 'prompt' as a list of messages with a 'content' text, got a list"
  ),
  (
    "{\"quiz\": \"Q\", \"names\": [\"Tess\"], \"solution_text_format\": \"Mark is a knight\"}",
    "expected 'solution_text_format' to call each of 'names' a knight or a knave, "
      + "got 'Mark is a knight'"
  ),
  (
    """
    {"quiz": "Q", "names": ["Tess"], "solution_text_format": "Tess is a knight", \
    "statements": "(('lying', 0), ('lying', 1))"}
    """,
    "expected 1 statements for 1 names, got 2"
  ),
  (
    """
    {"quiz": "Q", "names": ["Tess"], "solution_text_format": "Tess is a knight", \
    "statements": "()"}
    """,
    "expected '(' at byte 1 of 'statements', got ')'"
  ),
])
func `a damaged row is refused at its line`(_ line: String, _ message: String) throws {
  let folder = try TemporaryFolder()
  let path = try folder.write("rows.jsonl", row() + "\n\n" + line)
  let error = failure { _ = try makeTask(["files": .texts([path])]) }
  #expect(error?.code == .data)
  #expect(error?.message == message)
  #expect(error?.location == "task: \(path):3")
}

@Test func `a solution that a row's own statements don't allow is refused, with the rows`() throws {
  let folder = try TemporaryFolder()
  // "Mark is a knave": with both knights, Tess would lie.
  let says = "(('lying', 1), ('telling-truth', 1))"
  let rows = try [
    row(quiz: "A", statements: says, knaves: ["Mark"]), row(quiz: "B", statements: says),
    row(quiz: "C"), row(quiz: "D", statements: says, knaves: ["Mark", "Tess"]),
  ]
  let path = try folder.write("rows.jsonl", rows.joined(separator: "\n"))
  #expect(
    failure { _ = try makeTask(["held-out-files": .texts([path])]) }
      == FulcrumError(
        .data,
        "expected a solution that the row's 'statements' allow, got Tess as a knight, whose statement"
          + " is false; so it is with 2 of 4 rows, the next at \(path):4",
        at: "task: \(path):2",
        hint: "correct or remove such rows: no answer of theirs can be judged"))
  let one = try folder.write("one.jsonl", rows[3])
  let error = failure { _ = try makeTask(["files": .texts([one])]) }
  #expect(
    error?.message
      == "expected a solution that the row's 'statements' allow, got Tess as a knave, whose statement"
      + " is true")
}

@Test func `items of files know their lines, held-out ones their forms`() throws {
  let folder = try TemporaryFolder()
  let says = "(('lying', 1), ('telling-truth', 1))"
  let path = try folder.write(
    "rows.jsonl",
    [
      row(quiz: "A"), row(quiz: "B", statements: says, knaves: ["Mark"]),
      row(quiz: "C", statements: "(('telling-truth', 0), ('lying', 0))", knaves: ["Tess"]),
    ].joined(separator: "\n"))
  let items = try makeTask(["held-out-files": .texts([path])]).heldOutItems(perCategory: 9)
  #expect(items.map(\.location) == ["\(path):1", "\(path):2", "\(path):3"])
  #expect(items[0].form == nil)
  // The same puzzle with its people the other way round.
  #expect(items[1].form != nil && items[1].form == items[2].form)
}

@Test func `a missing, an empty and a compressed file are refused`() throws {
  let folder = try TemporaryFolder()
  let missing = folder.path("missing.jsonl")
  #expect(
    failure { _ = try PublishedFile.rows(of: [missing]) }
      == FulcrumError(
        .notFound, "expected a file of puzzles, got no such file", at: missing,
        hint: "relative paths start at the working folder"))
  let empty = try folder.write("empty.jsonl", "\n \n")
  #expect(
    failure { _ = try PublishedFile.rows(of: [empty]) }
      == FulcrumError(.data, "expected at least one row, got none", at: empty))
  for name in ["rows.jsonl.gz", "rows.jsonl"] {
    let compressed = try folder.write(name, Data([0x1F, 0x8B, 8, 0]))
    #expect(
      failure { _ = try PublishedFile.rows(of: [compressed]) }
        == FulcrumError(
          .unsupported, "expected plain JSON lines, got a gzip file", at: compressed,
          hint: "gunzip it: gunzip --keep \(compressed)"))
  }
}

@Test func `files give no demonstrations and no held-out puzzles of their own`() throws {
  let folder = try TemporaryFolder()
  let task = try makeTask(["files": .texts([folder.write("a.jsonl", row())])])
  #expect(
    failure { _ = try task.demonstration(0) }
      == FulcrumError(
        .unsupported, "expected generated puzzles for demonstrations, got 'files'",
        at: "task.files", hint: "leave out 'files' for the warm start"))
  #expect(
    failure { _ = try task.heldOutItems(perCategory: 1) }
      == FulcrumError(
        .unsupported, "expected held-out files beside training files, got none",
        at: "task.held-out-files", hint: "name the files to evaluate on in 'held-out-files'"))
}

@Test(.enabled(if: SharedData.isThere))
func `the published rows are training items that their own answers solve`() throws {
  let paths = (3...7).map { SharedData.path("logicrl/\($0)ppl.test_dev.jsonl") }
  let task = try makeTask(["files": .texts(paths)])
  #expect(task.trainingCount == 250)
  for index in 0..<250 {
    let item = try task.trainingItem(index)
    let response = "</think><answer>\(item.answer)</answer>"
    #expect(try total(response, prompt: item.prompt, answer: item.answer) == 3)
  }
}
