import CountdownPlugin
import Foundation
import FulcrumKernel
import Testing

private func row(_ target: Int, _ nums: [Int], prompt: String? = nil) -> String {
  let prompt = prompt.map { #", "prompt": [{"role": "user", "content": "\#($0)"}]"# } ?? ""
  return #"{"target": \#(target), "nums": \#(nums)\#(prompt)}"#
}

@Test func `rows of files are the training items`() throws {
  let folder = try TemporaryFolder()
  let first = try folder.write("a.jsonl", row(98, [44, 19, 35], prompt: "given") + "\n\n")
  let second = try folder.write("b.jsonl", row(64, [63, 95, 96, 2]))
  let task = try makeTask(["files": .texts([first, second]), "prompt": .text("tinyzero")])
  #expect(task.trainingCount == 2)
  let given = try task.trainingItem(0)
  #expect(given.id == "3-numbers/train/0")
  #expect(given.prompt == "given")
  #expect(given.answer == #"{"target":98,"numbers":[44,19,35]}"#)
  #expect(given.category == "3 numbers")
  #expect(given.location == "\(first):1")
  let built = try task.trainingItem(1)
  #expect(
    built.prompt
      == PromptStyle.tinyzero.prompt(for: Puzzle(numbers: [63, 95, 96, 2], target: 64)))
  #expect(built.category == "4 numbers")
  let error = failure { _ = try task.trainingItem(2) }
  #expect(error?.message == "expected an index of at least 0 and below 2, got 2")
}

@Test func `rows as TinyZero's preparation writes them are read`() throws {
  let fixture = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Fixtures/rows/countdown.jsonl").path
  let task = try makeTask(["files": .texts([fixture])])
  let items = try (0..<2).map { try task.trainingItem($0) }
  #expect(items[0].prompt == "With the numbers [3, 8, 1], make 24. Use each number once.")
  #expect(items.map(\.answer).first == #"{"target":24,"numbers":[3,8,1]}"#)
  #expect(items.map(\.category) == ["3 numbers", "2 numbers"])
}

@Test func `held-out rows come by category and at most as many as asked`() throws {
  let folder = try TemporaryFolder()
  let rows = [row(6, [1, 2, 3]), row(3, [1, 2]), row(12, [5, 7]), row(35, [5, 7])]
  let heldOut = try folder.write("held-out.jsonl", rows.joined(separator: "\n"))
  let items = try makeTask(["held-out-files": .texts([heldOut])]).heldOutItems(perCategory: 2)
  #expect(
    items.map(\.id) == ["2-numbers/held-out/0", "2-numbers/held-out/1", "3-numbers/held-out/0"])
  #expect(items.map(\.prompt) == ["1 2 make 3:", "5 7 make 12:", "1 2 3 make 6:"])
  #expect(items.map(\.form) == ["1 2 = 3", "5 7 = 12", "1 2 3 = 6"])
}

@Test func `a puzzle in both kinds of files is refused, its numbers in whatever order`() throws {
  let folder = try TemporaryFolder()
  let training = try folder.write(
    "train.jsonl", row(6, [1, 2, 3]) + "\n" + row(3, [2, 1]) + "\n" + row(12, [5, 7]))
  let heldOut = try folder.write(
    "test.jsonl", row(5, [1, 2, 3]) + "\n" + row(3, [1, 2]) + "\n" + row(12, [7, 5]))
  #expect(
    failure {
      _ = try makeTask(["files": .texts([training]), "held-out-files": .texts([heldOut])])
    }
      == FulcrumError(
        .data,
        "expected held-out puzzles apart from training, got the one of \(training):2 again; so it"
          + " is with 2 of 3 rows, the next at \(heldOut):3", at: "task: \(heldOut):2",
        hint: "remove such rows from 'files' or from 'held-out-files'"))
}

@Test func `generated puzzles avoid the forms of held-out rows`() throws {
  let folder = try TemporaryFolder()
  let given: [String: ParameterValue] = ["numbers": .integers([2]), "range": .integers([1, 9])]
  let form = try #require(try makeTask(given).trainingItem(0).form)
  func isMade(_ given: [String: ParameterValue]) throws -> Bool {
    let task = try makeTask(given)
    return try (0..<2000).contains { try task.trainingItem($0).form == form }
  }
  let puzzle = try puzzle(of: makeTask(given).trainingItem(0))
  let heldOut = try folder.write("test.jsonl", row(puzzle.target, puzzle.numbers.reversed()))
  #expect(try isMade(given))
  #expect(try !isMade(given.merging(["held-out-files": .texts([heldOut])]) { $1 }))
}

@Test(arguments: [
  ("[1]", "expected a JSON object, got a list"),
  ("{\"target\": ", "expected a JSON object, got a line that isn't JSON"),
  ("{}", "expected 'target' as a whole number, got no such field"),
  ("{\"target\": \"9\"}", "expected 'target' as a whole number, got \"9\""),
  ("{\"target\": 9.5}", "expected 'target' as a whole number, got 9.5"),
  ("{\"target\": 9}", "expected 'nums' as a list of whole numbers, got no such field"),
  ("{\"target\": 9, \"nums\": 9}", "expected 'nums' as a list of whole numbers, got 9"),
  ("{\"target\": 9, \"nums\": []}", "expected 'nums' as a list of whole numbers, got []"),
  (
    "{\"target\": 9, \"nums\": [4, \"5\"]}",
    "expected 'nums' as a list of whole numbers, got [4,\"5\"]"
  ),
  (
    "{\"target\": 9, \"nums\": [4, 5], \"prompt\": \"P\"}",
    "expected 'prompt' as a list of messages with a 'content' text, got \"P\""
  ),
])
func `a damaged row is refused at its line`(_ line: String, _ message: String) throws {
  let folder = try TemporaryFolder()
  let path = try folder.write("rows.jsonl", row(3, [1, 2]) + "\n\n" + line)
  let error = failure { _ = try makeTask(["files": .texts([path])]) }
  #expect(error?.code == .data)
  #expect(error?.message == message)
  #expect(error?.location == "task: \(path):3")
}

@Test func `a missing, an empty, a compressed and a Parquet file are refused`() throws {
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
  let compressed = try folder.write("rows.jsonl.gz", Data([0x1F, 0x8B, 8, 0]))
  #expect(
    failure { _ = try PublishedFile.rows(of: [compressed]) }
      == FulcrumError(
        .unsupported, "expected plain JSON lines, got a gzip file", at: compressed,
        hint: "gunzip it: gunzip --keep \(compressed)"))
  let parquet = try folder.write("train.parquet", Data("PAR1....PAR1".utf8))
  #expect(
    failure { _ = try PublishedFile.rows(of: [parquet]) }
      == FulcrumError(
        .unsupported, "expected plain JSON lines, got a Parquet file", at: parquet,
        hint: "convert it: python3 -c \"import pandas; pandas.read_parquet('\(parquet)')"
          + ".to_json('rows.jsonl', orient='records', lines=True)\""))
}

@Test func `files give no demonstrations and no held-out puzzles of their own`() throws {
  let folder = try TemporaryFolder()
  let task = try makeTask(["files": .texts([folder.write("a.jsonl", row(3, [1, 2]))])])
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
  #expect(try task.heldOutDemonstrations(atMost: 3).isEmpty)
  let heldOut = try makeTask(["held-out-files": .texts([folder.path("a.jsonl")])])
  #expect(try heldOut.heldOutDemonstrations(atMost: 3).isEmpty)
}
