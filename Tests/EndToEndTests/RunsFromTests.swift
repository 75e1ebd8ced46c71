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
    // Nor has a longer run.
    let longer = try arms(
      run, run.folder.path + "/longer", "--seeds", "1", "--runs-from", file, "--set", "steps=3")
    try #require(longer.status == 0, "\(longer.errors)")
    #expect(!longer.output.contains("done before"))
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
