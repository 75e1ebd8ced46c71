import Foundation
import Testing

/// Broken plugins are named by the right check while all others report.
@Suite(.serialized) struct PluginCheckTests {
  /// One run over one library that is broken in every way.
  private static let run = Result {
    let folder = try CommandLine.Folder()
    let library = try PluginCompiler(folder: folder).library(BrokenPlugins.source)
    let path = try PluginCompiler.install(library, as: "broken", in: folder.path)
    return try PluginChecks(path, "--time-limit", "5")
  }

  private let checks: PluginChecks

  init() throws { checks = try Self.run.get() }

  private func rows(_ component: String) -> [PluginChecks.Row] {
    checks.rows.filter { $0.component == "advantage-transform \(component)" }
  }

  /// The detail of the only fault of a component, whose other checks all are well.
  private func onlyFault(of component: String, in check: String) throws -> String {
    let faults = rows(component).filter { $0.outcome != "ok" }
    try #require(faults.map(\.check) == [check], "\(faults)")
    #expect(faults[0].outcome == "fault")
    #expect(rows(component).count > 10, "the others report too")
    return faults[0].detail
  }

  @Test func `the file and the load are well, and the whole has status 1`() {
    #expect(checks.status == 1)
    #expect(checks.errors == "")
    #expect(checks.rows.prefix(3).map(\.outcome) == ["ok", "ok", "ok"])
    #expect(checks.rows.prefix(3).map(\.component) == ["file", "load", "load"])
  }

  @Test func `a trap is a crash with the signal and the last words`() throws {
    let detail = try onlyFault(of: "trapping", in: "an empty batch is accepted")
    #expect(detail == "crashed: SIGILL")
  }
}
