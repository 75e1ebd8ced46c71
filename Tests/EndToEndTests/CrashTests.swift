import Foundation
import Testing

/// A process that dies says whose code it was in.
@Suite struct CrashTests {
  private let run = try? FaultRun()

  /// Kills a run in the midst of its steps, and gives what it printed and how it ended.
  private func crash(_ run: FaultRun, _ output: String, signal: Int32) throws -> (
    text: String, process: Process
  ) {
    let (process, log) = try run.start(run.arguments(output, ["steps=2000", "checkpoint.every=1"]))
    try FaultRun.wait(for: " 2/2000", in: log)
    kill(try FaultRun.worker(of: process), signal)
    process.waitUntilExit()
    return (try String(contentsOfFile: log, encoding: .utf8), process)
  }

  /// `step 7, in advantage grpo`, or the like.
  private var place: Regex<Substring> {
    /step [0-9]+, (?:in|after) (?:policy|reward|advantage|schedule|objective)[a-z, -]*/
  }

  @Test(arguments: [(SIGSEGV, "SIGSEGV (bad address)"), (SIGABRT, "SIGABRT (abort)")])
  func `a crash prints the stage and ends by its signal`(_ signal: Int32, name: String) throws {
    let run = try #require(run)
    let (text, process) = try crash(run, run.folder.path + "/crashed", signal: signal)
    #expect(process.terminationReason == .uncaughtSignal)
    #expect(process.terminationStatus == signal)
    let line = try #require(text.split(separator: "\n").last { $0.contains("died of signal") })
    #expect(line.hasPrefix("error: the process died of signal \(name); last entered: "))
    #expect(line.contains(place), "\(line)")
  }

  @Test func `a component that dies while it is made is named`() throws {
    let run = try #require(run)
    let plugin = try PluginCompiler.install(
      try PluginCompiler(folder: run.folder.path).library(BrokenPlugins.source), as: "broken",
      in: run.folder.path)
    let result = try CommandLine().run(
      run.arguments(
        run.folder.path + "/unmade", ["advantage={use: \"\(plugin):unmakeable\"}"]))
    #expect(
      result.errors.contains(
        "error: the process died of signal SIGILL (a Swift trap); last entered: step 0, in the making of"
          + " advantage unmakeable\n"), "\(result.errors)")
    #expect(!FileManager.default.fileExists(atPath: run.folder.path + "/unmade"))
  }

  @Test func `a killed process leaves its stage for resume to tell`() throws {
    let run = try #require(run)
    let output = run.folder.path + "/killed"
    _ = try crash(run, output, signal: SIGKILL)
    let (process, log) = try run.start(["resume", output])
    try FaultRun.wait(for: "going on after step", in: log)
    kill(process.processIdentifier, SIGTERM)
    process.waitUntilExit()
    let text = try String(contentsOfFile: log, encoding: .utf8)
    let told = try #require(text.split(separator: "\n").first { $0.contains("last entered") })
    #expect(told.hasPrefix("the process before did not end by itself; last entered: "))
    #expect(told.contains(place), "\(told)")
    // This one ended by itself: there is nothing to tell the next.
    let (again, second) = try run.start(["resume", output])
    try FaultRun.wait(for: "going on after step", in: second)
    kill(again.processIdentifier, SIGTERM)
    again.waitUntilExit()
    #expect(try !String(contentsOfFile: second, encoding: .utf8).contains("last entered"))
  }
}
