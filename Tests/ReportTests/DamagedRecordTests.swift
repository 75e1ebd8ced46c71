import Foundation
import FulcrumKernel
import Report
import Testing

/// Folders and files that a report can't be made of.
@Suite struct DamagedRecordTests {
  private func fault(_ work: () throws -> Void) throws -> FulcrumError {
    try #require(throws: FulcrumError.self) { try work() }
  }

  @Test func `a folder without a run, or a run without steps, is refused`() throws {
    let folder = try RunFolder()
    try folder.write("", to: "metrics.jsonl")
    let error = try fault { _ = try folder.record }
    #expect(error.code == .notFound)
    #expect(error.message == "expected at least one step, found none")
    #expect(error.location == folder.path + "/metrics.jsonl")
    let other = try fault { _ = try RunRecord(folder.path + "/samples") }
    #expect(other.message == "expected a run directory, found no run.yaml")
  }

  @Test func `an unfinished last line is passed over`() throws {
    let folder = try RunFolder()
    try folder.write("{\"step\": 1, \"reward\": 2}\n{\"step\": 2, \"rew", to: "metrics.jsonl")
    try folder.write(
      "{\"step\": 0, \"a\": {\"correct\": 1, \"count\": 2}}\n{\"st", to: "evaluations.jsonl")
    let page = try Page.report(of: try folder.record)
    #expect(page.subtitle.hasPrefix("1 step, "))
    #expect(
      try PageReader.read(page.text).rows("a").first
        == ["a", "after step 0", "1/2", "50.0 %", "9.5 % to 90.5 %"])
  }

  @Test(arguments: [
    ("metrics.jsonl", "{\"step\": 1, \"reward\": 2}\n{\"step\"\n", 2),
    ("metrics.jsonl", "{\"reward\": 2}\n", 1),
    ("metrics.jsonl", "{\"step\": 1.5}\n", 1),
    ("metrics.jsonl", "{\"step\": 1, \"reward\": \"2\"}\n", 1),
    ("evaluations.jsonl", "{\"step\": 0}\n\n[]\n", 3),
    ("evaluations.jsonl", "{\"step\": 0, \"a\": {\"correct\": 1}}\n", 1),
    ("samples/step-6.jsonl", "{\"step\": 6}\n", 1),
  ]) func `a line of another form is named`(file: String, text: String, line: Int) throws {
    let folder = try RunFolder()
    try folder.write(text, to: file)
    let error = try fault { _ = try Page.report(of: try folder.record) }
    #expect(error.code == .data)
    #expect(error.location == folder.path + "/\(file):\(line)")
    #expect(
      error.message == "expected a JSON object as 'fulcrum train' writes it, got something else")
    #expect(error.hint == "the file is damaged; remove the line")
  }

  @Test(arguments: [
    ("{\"figure1\": {}}", "expected a value under \"config\", got nothing"),
    ("[]", "expected a JSON object, got another kind of value"),
  ]) func `a microscope's file of another form is named with what is wrong`(
    text: String, reason: String
  ) throws {
    let folder = try RunFolder()
    try folder.write(text, to: "microscope.json")
    let error = try fault { _ = try folder.record }
    #expect(error.code == .data)
    #expect(error.location == folder.path + "/microscope.json")
    #expect(
      error.message
        == "expected what 'fulcrum microscope' writes, got something else: " + reason)
    #expect(error.hint == "run 'fulcrum microscope' again, or remove the file")
  }

  @Test(arguments: [
    ("\"mean_abs\"", "\"mean\"", "figure1.c: expected a value under \"mean_abs\", got nothing"),
    (
      "\"violations\": 0", "\"violations\": 0.5",
      "bounds.violations: expected a whole number of 64 bits, got 0.5"
    ),
    ("\"step\": 60", "\"step\": null", "step: expected a whole number, got another kind of value"),
    (
      "\"completions\": ", "\"completions\": true, \"x\": ",
      "figure5.bins[0][0].completions: expected a whole number, got another kind of value"
    ),
  ]) func `a microscope's file with a wrong value is named with its place`(
    old: String, new: String, reason: String
  ) throws {
    let folder = try RunFolder()
    let text = try String(contentsOfFile: RecordExample.path, encoding: .utf8)
    let range = try #require(text.range(of: old))
    try folder.write(text.replacingCharacters(in: range, with: new), to: "microscope.json")
    let error = try fault { _ = try folder.record }
    #expect(
      error.message
        == "expected what 'fulcrum microscope' writes, got something else: " + reason)
  }
}
