import Foundation
import Testing

/// Runs whose policy is an engine in a process of its own: Tests/Fixtures/engine, without PyTorch.
@Suite("runs with an engine") struct EngineRunTests {
  private let folder: CommandLine.Folder
  private let config: String

  init() throws {
    folder = try CommandLine.Folder()
    config = try SmallRun.engineConfiguration(in: folder.path)
  }

  private func arguments(_ name: String) -> [String] {
    ["train", config, "--set", "output=\(folder.path)/\(name)"]
      + ["steps=6", "checkpoint.every=1", "checkpoint.keep=9"].flatMap { ["--set", $0] }
  }

  /// The engines that were started and are there.
  private var engines: [pid_t] {
    let text = (try? String(contentsOfFile: folder.path + "/processes", encoding: .utf8)) ?? ""
    return text.split(separator: "\n").compactMap { pid_t($0) }.filter { process in
      let stat = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
      guard let name = stat.lastIndex(of: ")") else { return false }
      return !["Z", "X"].contains(stat[stat.index(after: name)...].split(separator: " ").first)
    }
  }

  /// Starts a run, waits for its second step, and kills one of its processes.
  private func interrupt(
    _ name: String, _ victim: (Process) throws -> pid_t
  ) throws -> (process: Process, errors: String) {
    let process = CommandLine().process(arguments(name))
    let log = folder.path + "/\(name).log"
    try #require(FileManager.default.createFile(atPath: log, contents: nil))
    process.standardOutput = FileHandle(forWritingAtPath: log)
    process.standardError = process.standardOutput
    try process.run()
    try FaultRun.wait(for: " 2/6", in: log)
    try #require(kill(try victim(process), SIGKILL) == 0)
    process.waitUntilExit()
    // The engine learns of its host's end by its lifeline.
    for _ in 0..<500 where !engines.isEmpty { usleep(10_000) }
    #expect(engines.isEmpty)
    return (process, try String(contentsOfFile: log, encoding: .utf8))
  }

  /// Resumes a run that was cut short, and compares all that it leaves with a whole one.
  private func requireSame(_ name: String, as whole: String) throws {
    let run = folder.path + "/" + name
    #expect(try SmallRun.metrics(of: run).count < 6)
    let resumed = try CommandLine().run("resume", run)
    try #require(resumed.status == 0, "\(resumed.errors)")
    #expect(resumed.output.contains("going on after step"))
    try FaultRun.expectEqual(whole, run, checkpoint: 6)
    #expect(engines.isEmpty)
  }

  @Test("a run trains, and goes on to the same bits after kill -9 of host or engine")
  func killed() throws {
    let whole = try CommandLine().run(arguments("whole"))
    try #require(whole.status == 0, "\(whole.errors)")
    let metrics = try SmallRun.metrics(of: folder.path + "/whole")
    #expect(metrics.map { $0["step"] } == [1, 2, 3, 4, 5, 6])
    #expect(metrics.allSatisfy { ($0["grad_norm"] ?? 0) > 0 })
    #expect(engines.isEmpty)

    let (host, _) = try interrupt("host") { $0.processIdentifier }
    #expect(host.terminationReason == .uncaughtSignal)
    try requireSame("host", as: folder.path + "/whole")

    let (_, _) = try interrupt("worker") { try FaultRun.worker(of: $0) }
    try requireSame("worker", as: folder.path + "/whole")

    let (process, errors) = try interrupt("engine") { _ in try #require(engines.first) }
    #expect(process.terminationReason == .exit && process.terminationStatus == 1)
    #expect(
      errors.contains(
        /torch: the engine is lost while it worked on '[a-zA-Z]+': it was ended by signal 9/),
      "\(errors)")
    try requireSame("engine", as: folder.path + "/whole")
  }

  @Test("explain starts the engine, reads no weights unless it samples, and leaves nothing")
  func explain() throws {
    let notes = { (name: String) in FileManager.default.fileExists(atPath: "\(folder.path)/\(name)")
    }
    let looked = try CommandLine().run("explain", config, "--no-trial")
    #expect(looked.status == 0, "\(looked.errors)")
    #expect(looked.output.contains(/mini-batches +2 of 2 prompts/))
    #expect(looked.output.contains(/memory, each process +about .* at a step's peak/))
    #expect(notes("starts") && notes("ends") && !notes("loads"))
    let sampled = try CommandLine().run("explain", config)
    #expect(sampled.status == 0, "\(sampled.errors)")
    #expect(notes("loads"))
    #expect(engines.isEmpty)
  }
}
