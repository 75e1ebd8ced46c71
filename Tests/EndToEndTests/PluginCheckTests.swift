import Foundation
import Testing

/// Broken plugins are named by the right checks while all others report.
@Suite(.serialized) struct PluginCheckTests {
  /// One library that is broken in every way, for all tests.
  private static let folder = CommandLine.products + "/BrokenPlugins"
  private static let library = Result {
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    return try PluginCompiler(folder: folder).library(BrokenPlugins.source)
  }
  private static let run = Result {
    try PluginChecks(try install("broken"), "--time-limit", "3")
  }

  private static func install(_ name: String) throws -> String {
    try PluginCompiler.install(try library.get(), as: name, in: folder)
  }

  private func rows(_ component: String) throws -> [PluginChecks.Row] {
    try Self.run.get().rows.filter { $0.component == "advantage-transform \(component)" }
  }

  /// The faults of a component as `check: detail`; the other checks must all be well.
  private func faults(_ component: String) throws -> [String] {
    let rows = try rows(component)
    #expect(rows.count > 15)
    #expect(rows.allSatisfy { $0.outcome != "skipped" })
    return rows.filter { $0.outcome == "fault" }.map { "\($0.check): \($0.detail)" }
  }

  @Test func `the file and the load are well, and the whole has status 1`() throws {
    let checks = try Self.run.get()
    #expect(checks.status == 1)
    #expect(checks.errors == "")
    #expect(checks.rows.prefix(3).map(\.component) == ["file", "load", "load"])
    #expect(checks.rows.prefix(3).map(\.outcome) == ["ok", "ok", "ok"])
    #expect(Set(checks.rows.map(\.component)).count == 2 + 11)
  }

  @Test func `a trap is a crash of its checks, and the others report`() throws {
    let hint =
      "(hint: Swift traps so on an index out of range, an overflow or a missing value;"
      + " a debug build says which)"
    #expect(
      try faults("trapping") == [
        "an empty batch is accepted: crashed: SIGILL \(hint)",
        "completions without tokens are accepted: crashed: SIGILL \(hint)",
      ])
  }

  @Test func `an endless loop is ended, and the others report`() throws {
    #expect(try faults("looping") == ["an empty batch is accepted: no end after 3 s"])
  }

  @Test func `after two checks without an end a component's others are left out`() throws {
    let rows = try rows("stuck")
    #expect(
      rows.filter { $0.outcome == "fault" }.map(\.detail)
        == .init(repeating: "no end after 3 s", count: 2))
    let rest = rows.drop { $0.outcome != "fault" }.dropFirst(2)
    #expect(rest.count > 10)
    #expect(rest.allSatisfy { $0.detail == "2 checks of it had no end" })
  }

  @Test func `a leak is memory that calls leave behind`() throws {
    let faults = try faults("leaking")
    #expect(faults.count == 1)
    let fault = try #require(faults.first)
    #expect(
      fault.hasPrefix(
        "1,000 calls leave no memory behind: 1000 calls on 4096 tokens in 64 sequences: +15."))
    #expect(
      fault.hasSuffix(
        "MiB, expected at most +2.0 MiB (hint: free what a call makes; bound what is kept)"))
  }

  @Test func `a column that was not declared is named, wherever it is read`() throws {
    let faults = try rows("undeclared").filter { $0.outcome == "fault" }
    #expect(faults.map(\.check).contains("the declared columns are all that is read"))
    for fault in faults {
      #expect(
        fault.detail.hasSuffix(
          "column entropies was not computed (hint: name it in the component's 'needs')"))
    }
    #expect(
      try rows("undeclared").filter { $0.outcome == "skipped" }.map(\.check) == [
        "1,000 calls leave no memory behind", "its speed, for information",
      ])
  }

  @Test func `what is not finite is named with its place`() throws {
    #expect(
      try faults("not-finite").contains(
        "a ragged batch gets finite advantages: "
          + "not-finite: expected finite advantages of the ragged batch, got nan for token 0"))
  }

  @Test func `a schema that lies makes no instance, so nothing else is looked at`() throws {
    let rows = try rows("lying")
    #expect(rows[0].check == "the parameters, completed with defaults, make an instance")
    #expect(
      rows[0].detail
        == "lying: the component reads 'scale' as integer, which its manual does not declare (hint:"
        + " declare it in the component's manual, or read it by its declared kind)")
    #expect(rows.dropFirst().allSatisfy { $0.outcome == "skipped" })
    #expect(rows.dropFirst().allSatisfy { $0.detail == "there is no instance to check" })
    #expect(try self.rows("unmakeable").map(\.outcome) == rows.map(\.outcome))
    let crash = try #require(try self.rows("unmakeable").first)
    #expect(crash.detail.hasPrefix("crashed: SIGILL; its last words: "))
    #expect(crash.detail.hasSuffix("Fatal error: no instance of this"))
  }

  @Test func `instances that share state are not independent`() throws {
    #expect(
      try rows("sharing").contains {
        $0.check == "two instances don't change each other's results" && $0.outcome == "fault"
      })
  }

  @Test func `a plugin that ends the process ends a check`() throws {
    #expect(
      try faults("leaving") == ["an empty batch is accepted: ended the process with status 3"])
  }

  @Test func `a plugin that takes all memory ends a check, and may print`() throws {
    let faults = try faults("hungry")
    #expect(faults.count == 1)
    #expect(
      faults.first?.hasPrefix(
        "an empty batch is accepted: crashed: SIGABRT; its last words: Fatal error: failed to"
          + " allocate") == true)
  }

  @Test func `a crash in the entry function is a fault of the load`() throws {
    let checks = try PluginChecks(try Self.install("doomed"))
    #expect(checks.status == 1)
    #expect(checks.rows.map(\.outcome) == ["ok", "fault"])
    let row = try checks.row("it loads and registers its components")
    #expect(row.detail.hasPrefix("crashed: SIGILL; its last words: "))
    #expect(row.detail.hasSuffix("Fatal error: no plugin of this"))
  }

  @Test func `a plugin that does its work when it registers loads slowly`() throws {
    let checks = try PluginChecks(try Self.install("slow"))
    let row = try checks.row("it loads within 100 ms")
    #expect(row.outcome == "fault")
    #expect(
      row.detail.hasSuffix(
        "ms, the best of 10 (hint: do the work when a component is made, not when it registers)"))
    #expect(checks.rows.count > 15, "the others report")
  }

  @Test func `a file that is no plugin is judged by its bytes alone`() throws {
    let folder = try CommandLine.Folder()
    let path = folder.path + "/libfulcrum-text.so"
    try "no library".write(toFile: path, atomically: true, encoding: .utf8)
    let checks = try PluginChecks(path)
    #expect(checks.status == 1)
    #expect(checks.rows.map(\.component) == ["file"])
    #expect(
      checks.rows[0].detail
        == "not an ELF file, which a shared library on this system is (hint: give the library that"
        + " the build made, libfulcrum-<name>.so)")
  }

  @Test func `the table has a line for each check and one for what was left out`() throws {
    let result = try CommandLine().run("plugin", "check", try Self.install("slow"))
    #expect(result.status == 1)
    let lines = result.output.split(separator: "\n").map(String.init)
    #expect(lines[0] == "file")
    #expect(
      lines[1].hasPrefix("  ok       this host can load it: format, machine, stamp, compiler"))
    #expect(lines.contains("advantage-transform leaking"))
    #expect(lines.contains("  FAULT    1,000 calls leave no memory behind"))
    #expect(lines.last?.hasSuffix(" ok, 2 faults, 0 skipped") == true, "\(lines.last ?? "")")
  }
}
