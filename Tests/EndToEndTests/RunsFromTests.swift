import Foundation
import Testing

/// `fulcrum arms --runs-from`: runs that were trained elsewhere count as done.
@Suite struct RunsFromTests {
  private let run = try? FaultRun()

  private func arms(_ run: FaultRun, _ output: String, _ more: String...) throws
    -> CommandLine.Result
  {
    try CommandLine().run(
      [
        "arms", run.config, "--arm", "plain=advantage=[grpo];schedule=single", "--set", "steps=2",
        "--set", "output=\(output)",
      ] + more)
  }

  private func lines(_ output: String) throws -> [Substring] {
    try String(contentsOfFile: output + "/runs.jsonl", encoding: .utf8).split(separator: "\n")
  }

  @Test func `a line stands for a run, and only for that run`() throws {
    let run = try #require(run)
    let (there, here) = (run.folder.path + "/there", run.folder.path + "/here")
    let first = try arms(run, there, "--seeds", "1")
    try #require(first.status == 0, "\(first.errors)")
    let file = there + "/runs.jsonl"
    let more = try arms(run, here, "--seeds", "2", "--runs-from", file)
    try #require(more.status == 0, "\(more.errors)")
    #expect(more.output.contains("2 of 4: plain, seed 7: done before\n"))
    #expect(more.output.contains("4 of 4: plain, seed 8\n"))
    #expect(try lines(here).count == 4)
    #expect(try lines(here).prefix(2).elementsEqual(try lines(there)))
    #expect(!FileManager.default.fileExists(atPath: here + "/plain-seed-7"))
    // Another way to train has no line there.
    let other = try arms(
      run, run.folder.path + "/other", "--seeds", "1", "--runs-from", file, "--set",
      "update.learning-rate=3e-5")
    try #require(other.status == 0, "\(other.errors)")
    #expect(!other.output.contains("done before"))
    #expect(
      other.errors.contains(
        "warning: 2 of 2 lines from --runs-from are of no run of this plan: of another arm, seed, number of"
          + " steps or way to train\n"), "\(other.errors)")
    #expect(!more.errors.contains("warning: 2 of"))
    // Nor has a longer run.
    let longer = try arms(
      run, run.folder.path + "/longer", "--seeds", "1", "--runs-from", file, "--set", "steps=3")
    try #require(longer.status == 0, "\(longer.errors)")
    #expect(!longer.output.contains("done before"))
  }

  @Test func `a file that tells nothing, or that would be lost, is refused`() throws {
    let run = try #require(run)
    let (output, file) = (run.folder.path + "/lost", run.folder.path + "/lost/runs.jsonl")
    func write(_ text: String) throws {
      try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
      try text.write(toFile: file, atomically: true, encoding: .utf8)
    }
    func refused(_ file: String, by sentence: String) throws {
      let result = try arms(run, output, "--seeds", "1", "--runs-from", file)
      #expect(result.status != 0)
      #expect(result.errors.contains(sentence), "\(result.errors)")
    }
    try refused(file, by: "\(file): expected a file of runs, found nothing there\n")
    let line =
      #"{"arm": "a", "run": "r", "seed": 1, "method": "m", "settings": {}, "steps": 1,"#
      + #" "optimizer_steps": 1, "tokens": 1, "seconds": 1, "lever": [], "token_share": [],"#
      + #" "before": [], "after": []}"#
    try write(line + "\n" + line.dropLast(9))
    try refused(file, by: "\(file):2: expected a JSON object as 'fulcrum arms' writes it")
    try write(
      line + "\n" + line.replacing(#""tokens": 1"#, with: #""tokens": 2"#) + "\n")
    try refused(
      file,
      by:
        "r: expected one run of 'a' with seed 1, got two\n  hint: r is the other: leave one of them out"
    )
    try write(line + "\n")
    try refused(
      file,
      by: "--runs-from: expected a file that this command doesn't write itself, got \(file)\n")
    #expect(try lines(output) == [line[...]])
  }

  @Test func `lines can't be compared at a point on the way`() throws {
    let run = try #require(run)
    let result = try arms(run, run.folder.path + "/at", "--runs-from", "x.jsonl", "--at", "tokens")
    #expect(result.status == 2)
    #expect(
      result.errors
        == "error: --at: expected runs with their folders, got lines with --runs-from\n  hint: a line tells of"
        + " a run's end alone; leave one of the two out\n")
  }
}
