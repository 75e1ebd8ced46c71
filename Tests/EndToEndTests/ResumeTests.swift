import Foundation
import Testing

@Suite struct ResumeTests {
  private let run = try? FaultRun()

  private func newest(_ path: String, _ step: Int) -> String { "\(path)/checkpoints/step-\(step)" }

  private func flipBit(of path: String) throws {
    let url = URL(fileURLWithPath: path)
    var data = try Data(contentsOf: url)
    data[data.count / 2] ^= 0x10
    try data.write(to: url)
  }

  @Test func `checkpoints carry checksums that sha256sum reads`() throws {
    let run = try #require(run)
    let path = try run.whole("sums")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["sha256sum", "--check", "--strict", "--quiet", "trainer/checksums"]
    process.currentDirectoryURL = URL(fileURLWithPath: newest(path, 3))
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    let lines = try String(contentsOfFile: newest(path, 3) + "/trainer/checksums", encoding: .utf8)
    let names = lines.split(separator: "\n").map { String($0.dropFirst(66)) }
    let files = try FileManager.default.subpathsOfDirectory(atPath: newest(path, 3)).filter {
      var isFolder: ObjCBool = false
      _ = FileManager.default.fileExists(atPath: newest(path, 3) + "/" + $0, isDirectory: &isFolder)
      return !isFolder.boolValue && $0 != "trainer/checksums"
    }
    #expect(names.sorted() == files.sorted())
  }

  @Test func `a damaged checkpoint is told of, renamed and passed over`() throws {
    let run = try #require(run)
    let whole = try run.whole("whole", "steps=5", "checkpoint.every=1", "checkpoint.keep=3")
    let broken = try run.copy(whole, without: [])
    try flipBit(of: newest(broken, 5) + "/model.safetensors")
    try FileManager.default.removeItem(atPath: newest(broken, 4) + "/trainer/optimizer")
    // A reader tells too, and touches nothing.
    let evaluated = try CommandLine().run("evaluate", broken)
    #expect(evaluated.status == 0)
    #expect(
      evaluated.errors.contains(
        "skipped a damaged checkpoint: \(newest(broken, 5))/model.safetensors: expected SHA-256 "))
    #expect(FileManager.default.fileExists(atPath: newest(broken, 5)))
    let started = try CommandLine().run(
      run.arguments(run.folder.path + "/x", ["start=\(newest(broken, 5))"]))
    #expect(started.status == 1)
    #expect(
      started.errors.contains(
        "error: --set start: \(newest(broken, 5))/model.safetensors: expected"))

    let resumed = try CommandLine().run("resume", broken)
    #expect(resumed.status == 0, "\(resumed.errors)")
    let place = newest(broken, 5)
    #expect(
      resumed.output.contains(
        "skipped a damaged checkpoint, now \(place).damaged: \(place)/model.safetensors: expected"))
    #expect(
      resumed.output.contains(
        "now \(newest(broken, 4)).damaged: \(newest(broken, 4)): expected the file trainer/optimizer/"
      ))
    #expect(resumed.output.contains("going on after step 3\n"))
    #expect(FileManager.default.fileExists(atPath: newest(broken, 5) + ".damaged/config.json"))
    try FaultRun.expectEqual(whole, broken, checkpoint: 5)
  }

  @Test func `when no checkpoint is whole, nothing is touched and the exit status is 1`() throws {
    let run = try #require(run)
    let path = try run.whole("none", "checkpoint.every=1", "checkpoint.keep=1")
    try flipBit(of: newest(path, 3) + "/trainer/state.json")
    let resumed = try CommandLine().run("resume", path)
    #expect(resumed.status == 1)
    #expect(
      resumed.errors.contains(
        "\(path)/checkpoints: expected a checkpoint that is whole, found 1, all damaged:\n"
          + "  \(newest(path, 3))/trainer/state.json: expected SHA-256 "))
    #expect(resumed.errors.contains("put a copy of one back; or move the folder away"))
    #expect(FileManager.default.fileExists(atPath: newest(path, 3)))
    // The remedy works.
    try FileManager.default.moveItem(atPath: path + "/checkpoints", toPath: path + "/away")
    #expect(try CommandLine().run("resume", path).status == 0)
  }

  @Test func `a run killed before its first checkpoint begins again, to the same bits`() throws {
    let run = try #require(run)
    let whole = try run.whole("whole", "steps=40", "checkpoint.every=0")
    let killed = run.folder.path + "/killed"
    let (process, log) = try run.start(
      run.arguments(killed, ["steps=40", "checkpoint.every=0"]))
    try FaultRun.wait(for: " 2/40", in: log)
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    #expect(process.terminationReason == .uncaughtSignal)
    // As if the kill had cut a line short.
    let metrics = try #require(FileHandle(forWritingAtPath: killed + "/metrics.jsonl"))
    try metrics.seekToEnd()
    try metrics.write(contentsOf: Data("{\"step\": 3, \"rew".utf8))
    let resumed = try CommandLine().run("resume", killed)
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(resumed.output.contains("no checkpoint yet: the run begins again\n"))
    try FaultRun.expectEqual(whole, killed, checkpoint: 40)
  }

  @Test func `a run that begins from another's checkpoint begins there again`() throws {
    let run = try #require(run)
    let first = try run.whole("first")
    let whole = try run.whole("whole", "steps=6", "start=\(newest(first, 3))")
    let killed = try run.copy(whole, without: [6])
    let resumed = try CommandLine().run("resume", killed)
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(resumed.output.contains("going on after step 3\n"))
    try FaultRun.expectEqual(whole, killed, checkpoint: 6)
  }

  @Test func `a finished run goes on to the bits of a longer one`() throws {
    let run = try #require(run)
    let whole = try run.whole("whole", "steps=6", "evaluation.every=4", "checkpoint.keep=9")
    let short = try run.whole("short", "evaluation.every=4", "checkpoint.keep=9")
    // The short run evaluated after its last step, the long one doesn't there.
    #expect(try Self.evaluatedSteps(short) == [0, 3])
    let again = try CommandLine().run("resume", short)
    #expect(again.status == 0)
    #expect(
      again.output.contains(
        "the run is finished, all 3 steps are done; 'fulcrum resume \(short) --steps N' goes on to"
          + " step N\n"))
    let longer = try CommandLine().run("resume", short, "--steps", "5")
    #expect(longer.status == 0, "\(longer.errors)")
    #expect(longer.output.contains("going on after step 3\n"))
    #expect(try Self.evaluatedSteps(short) == [0, 4, 5])
    // A run that was made longer can be made longer again; then run.yaml has the last word.
    #expect(try CommandLine().run("resume", short, "--steps", "6").status == 0)
    try FaultRun.expectEqual(whole, short, checkpoint: 6)
    let yaml = try [whole, short].map {
      try String(contentsOfFile: $0 + "/run.yaml", encoding: .utf8)
    }
    #expect(yaml[0].replacing(whole, with: short) == yaml[1])
    #expect(yaml[1].contains("steps: 6\n"))
  }

  private static func evaluatedSteps(_ run: String) throws -> [Int] {
    let text = try String(contentsOfFile: run + "/evaluations.jsonl", encoding: .utf8)
    return try text.split(separator: "\n").map { line in
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      return try #require(object?["step"] as? Int)
    }
  }

  @Test func `an evaluation that a stop left out is made up for`() throws {
    let run = try #require(run)
    let whole = try run.whole(
      "whole", "steps=4", "checkpoint.every=2", "checkpoint.keep=2", "evaluation.every=2")
    let killed = try run.copy(whole, without: [4])
    // Killed after the checkpoint of step 2 and before the evaluation that follows it.
    let path = killed + "/evaluations.jsonl"
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
    try #require(lines.count == 3)
    try Data((lines[0] + "\n").utf8).write(to: URL(fileURLWithPath: path))
    let resumed = try CommandLine().run("resume", killed)
    #expect(resumed.status == 0, "\(resumed.errors)")
    try FaultRun.expectEqual(whole, killed, checkpoint: 4)
  }
}
