import Foundation
import Testing

@Suite struct SignalTests {
  private let run = try? FaultRun()

  @Test(arguments: [SIGINT, SIGTERM])
  func `the first signal ends the run after its step, and it goes on to the same bits`(
    _ signal: Int32
  ) throws {
    let run = try #require(run)
    let whole = try run.whole("whole", "steps=100")
    let stopped = run.folder.path + "/stopped"
    let (process, log) = try run.start(run.arguments(stopped, ["steps=100"]))
    try FaultRun.wait(for: " 2/100", in: log)
    kill(process.processIdentifier, signal)
    process.waitUntilExit()
    #expect(process.terminationReason == .exit && process.terminationStatus == 128 + signal)
    let step = try SmallRun.metrics(of: stopped).count
    try #require(step < 100)
    let text = try String(contentsOfFile: log, encoding: .utf8)
    #expect(text.contains("stopping after this step; once more stops at once"))
    #expect(
      text.hasSuffix("stopped after step \(step); 'fulcrum resume \(stopped)' goes on from there\n")
    )
    let checkpoints = try FileManager.default.contentsOfDirectory(atPath: stopped + "/checkpoints")
    #expect(checkpoints == ["step-\(step)"])
    let resumed = try CommandLine().run("resume", stopped)
    #expect(resumed.status == 0, "\(resumed.errors)")
    try FaultRun.expectEqual(whole, stopped, checkpoint: 100)
  }

  @Test(arguments: [(SIGINT, SIGINT), (SIGTERM, SIGTERM), (SIGINT, SIGTERM)])
  func `the second signal ends the run at once`(_ first: Int32, _ second: Int32) throws {
    let run = try #require(run)
    let output = run.folder.path + "/stopped"
    // A step that takes far longer than the test waits: thousands of completions.
    let (process, log) = try run.start(
      run.arguments(
        output,
        [
          "rollout.prompts=512", "rollout.samples=64", "update.minibatch-prompts=0",
          "update.iterations=20", "logging.record=true",
        ]))
    // Sampled, and now in the update.
    try FaultRun.wait(for: "step", in: output + "/rollouts/step-1.jsonl")
    kill(process.processIdentifier, first)
    try FaultRun.wait(for: "stopping after this step", in: log)
    // Signals that come together are one: a terminal sends it to both processes.
    kill(process.processIdentifier, second)
    usleep(500_000)
    #expect(process.isRunning)
    kill(process.processIdentifier, second)
    process.waitUntilExit()
    #expect(process.terminationReason == .uncaughtSignal)
    #expect(process.terminationStatus == second)
    #expect(try SmallRun.metrics(of: output).isEmpty)
    #expect(try FileManager.default.contentsOfDirectory(atPath: output + "/checkpoints").isEmpty)
  }

  @Test func `a second process is refused, and a killed one leaves no lock`() throws {
    let run = try #require(run)
    let output = run.folder.path + "/locked"
    let arguments = run.arguments(output, ["steps=2000", "checkpoint.every=1"])
    let (process, log) = try run.start(arguments)
    try FaultRun.wait(for: "checkpoint \(output)", in: log)
    let worker = try FaultRun.worker(of: process)
    for arguments in [["resume", output], arguments] {
      let refused = try CommandLine().run(arguments)
      #expect(refused.status == 2)
      #expect(
        refused.errors
          == "error: \(output): process \(worker) is at work in this run"
          + " directory\n  hint: wait until it ends, or stop it; for another run take another"
          + " directory, with --set output=DIRECTORY\n")
    }
    // It is not disturbed.
    #expect(process.isRunning)
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    let (resumed, second) = try run.start(["resume", output])
    try FaultRun.wait(for: "going on after step", in: second)
    kill(resumed.processIdentifier, SIGTERM)
    resumed.waitUntilExit()
    #expect(resumed.terminationReason == .exit && resumed.terminationStatus == 128 + SIGTERM)
  }
}
