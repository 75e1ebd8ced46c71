import Foundation
import Testing

/// Reads the output of `fulcrum plugin check --json` about one plugin.
struct PluginChecks {
  struct Row: Decodable, Equatable {
    let component: String
    let check: String
    let outcome: String
    let detail: String
  }

  let status: Int32
  let errors: String
  let rows: [Row]

  init(_ arguments: String...) throws { try self.init(arguments) }

  init(_ arguments: [String]) throws {
    let result = try CommandLine().run(["plugin", "check", "--json"] + arguments)
    status = result.status
    errors = result.errors
    rows = try result.output.split(separator: "\n").map {
      try JSONDecoder().decode(Row.self, from: Data($0.utf8))
    }
  }

  /// The names of the checks that found a fault.
  var faults: [String] { rows.filter { $0.outcome == "fault" }.map(\.check) }

  /// The row of a check, of which there is one.
  func row(_ check: String) throws -> Row {
    let found = rows.filter { $0.check == check }
    try #require(found.count == 1, "\(found.count) rows '\(check)' in \(rows)")
    return found[0]
  }
}
