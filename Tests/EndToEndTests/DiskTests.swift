import Foundation
import Testing

/// Disks that are full or refuse writes. The tests may run as root, whom permissions don't stop: a
/// limit on the size of files (EFBIG) takes the way that a full disk (ENOSPC) takes.
@Suite struct DiskTests {
  private let run = try? FaultRun()

  /// Resumes with no file longer than some blocks of 512 bytes.
  private func resume(_ path: String, blocks: Int) throws -> CommandLine.Result {
    let shell = CommandLine(executable: "/bin/sh")
    return try shell.run([
      "-c", "ulimit -f \(blocks); exec \"$0\" resume \"$1\"", CommandLine().executable, path,
    ])
  }

  @Test func `a checkpoint that finds no room leaves the earlier one and a run to go on with`()
    throws
  {
    let run = try #require(run)
    let whole = try run.whole("whole", "steps=4", "checkpoint.every=1", "checkpoint.keep=2")
    let full = try run.copy(whole, without: [4])
    // 50 KiB: more than any log has, less than the weights.
    let failed = try resume(full, blocks: 100)
    #expect(failed.status == 1)
    #expect(failed.errors.hasPrefix("error: the checkpoint of step 4: "))
    #expect(failed.errors.contains(": File too large\n"))
    #expect(failed.errors.contains("then 'fulcrum resume \(full)' goes on"))
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: full + "/checkpoints") == ["step-3"])
    let resumed = try CommandLine().run("resume", full)
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(resumed.output.contains("going on after step 3\n"))
    try FaultRun.expectEqual(whole, full, checkpoint: 4)
  }

  @Test func `a line that finds no room is not there at all`() throws {
    let run = try #require(run)
    let whole = try run.whole("whole", "steps=4", "checkpoint.every=1", "checkpoint.keep=2")
    let full = try run.copy(whole, without: [4])
    let metrics = full + "/metrics.jsonl"
    let lines = try String(contentsOfFile: metrics, encoding: .utf8).split(separator: "\n")
    let three = lines.prefix(3).map { $0 + "\n" }.joined()
    // Room for a part of the fourth line.
    try #require((lines.last?.utf8.count ?? 0) > 1024)
    let failed = try resume(full, blocks: three.utf8.count / 512 + 1)
    #expect(failed.status == 1)
    #expect(
      failed.errors
        == "error: step 4: \(metrics): could not append to it: File too large\n  hint: raise the"
        + " limit on the size of files ('ulimit -f'); then 'fulcrum resume \(full)' goes on\n")
    #expect(try String(contentsOfFile: metrics, encoding: .utf8) == three)
    #expect(try CommandLine().run("resume", full).status == 0)
    try FaultRun.expectEqual(whole, full, checkpoint: 4)
  }

  @Test func `an output that can't be a folder is refused by name`() throws {
    let run = try #require(run)
    let file = run.folder.path + "/file"
    try Data().write(to: URL(fileURLWithPath: file))
    let result = try CommandLine().run(run.arguments(file + "/run", []))
    #expect(result.status == 1)
    #expect(
      result.errors
        == "error: \(file)/run: could not make the folder: Not a directory\n  hint: a file lies"
        + " where a folder should be: move it away, or take another directory\n")
  }

  @Test func `a checkpoint folder that can't be listed does not begin the run again`() throws {
    let run = try #require(run)
    let path = try run.whole("listed")
    let metrics = try String(contentsOfFile: path + "/metrics.jsonl", encoding: .utf8)
    try FileManager.default.removeItem(atPath: path + "/checkpoints")
    try Data().write(to: URL(fileURLWithPath: path + "/checkpoints"))
    let result = try CommandLine().run("resume", path)
    #expect(result.status == 1)
    #expect(
      result.errors.hasPrefix(
        "error: \(path)/checkpoints: could not list the folder: Not a directory\n"))
    #expect(try String(contentsOfFile: path + "/metrics.jsonl", encoding: .utf8) == metrics)
  }

  @Test(.enabled(if: geteuid() != 0, "permissions don't stop root"))
  func `a read-only directory is refused by name`() throws {
    let run = try #require(run)
    let path = try run.whole("read-only")
    try FileManager.default.removeItem(atPath: path + "/run.lock")
    try #require(chmod(path, 0o555) == 0)
    defer { chmod(path, 0o755) }
    let result = try CommandLine().run("resume", path)
    #expect(result.status == 1)
    #expect(
      result.errors
        == "error: \(path)/run.lock: could not open it: Permission denied\n  hint: make the"
        + " directory writable, or take another one\n")
  }
}
