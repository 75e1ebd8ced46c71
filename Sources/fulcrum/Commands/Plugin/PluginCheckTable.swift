import FulcrumKernel
import JSON
import PluginChecks
import PluginHost
import Training

/// Prints the results of `plugin check` as they come.
struct PluginCheckTable {
  let json: Bool
  private var subject: String?
  private var counts: [String: Int] = [:]
  private(set) var isIncomplete = false
  /// The checks of one subject that were left out for one reason and are not printed yet.
  private var left: (subject: String, reason: String, names: [String])?

  private static let wordWidth = 9
  private static let nameWidth = 72

  init(json: Bool) { self.json = json }

  var faults: Int { counts["FAULT", default: 0] }

  mutating func add(_ result: CheckResult) {
    let word = result.finding.word
    counts[word, default: 0] += 1
    if case .incomplete = result.finding { isIncomplete = true }
    guard !json else {
      let line = JSONLine([
        ("component", .text(result.check.subject)), ("check", .text(result.check.name)),
        ("outcome", .text(word == "FAULT" ? "fault" : word)),
        ("detail", .text(result.finding.detail)),
      ])
      print(line.text)
      return
    }
    if case .skipped(let reason) = result.finding {
      if left?.subject != result.check.subject || left?.reason != reason { flush() }
      let names = (left?.names ?? []) + [result.check.name]
      left = (result.check.subject, reason, names)
      return
    }
    flush()
    head(result.check.subject)
    row(word, result.check.name, result.finding)
  }

  mutating func end() {
    guard !json else { return }
    flush()
    let skipped = counts["skipped", default: 0]
    let warnings = counts["warning", default: 0]
    print(
      "\(counts["ok", default: 0]) ok, \(faults) \(faults == 1 ? "fault" : "faults"),"
        + " \(skipped) skipped" + (warnings > 0 ? ", \(Counted.text(warnings, "warning"))" : ""))
  }

  /// Prints the checks that were left out for one reason, in one line.
  private mutating func flush() {
    guard let (subject, reason, names) = left else { return }
    left = nil
    head(subject)
    let what = names.count == 1 ? names[0] : "\(names.count) checks"
    row("skipped", what, .skipped(reason))
  }

  private mutating func head(_ subject: String) {
    if subject != self.subject { print(subject) }
    self.subject = subject
  }

  private func row(_ word: String, _ name: String, _ finding: CheckFinding) {
    let line = "  " + Self.padded(word, Self.wordWidth)
    switch finding {
    case .fault(let detail), .warning(let detail):
      print(line + name)
      print("  " + Self.padded("", Self.wordWidth) + detail)
    case _ where finding.detail.isEmpty: print(line + name)
    default: print(line + Self.padded(name, Self.nameWidth) + finding.detail)
    }
  }

  /// Returns a text of a width, followed by at least two spaces.
  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(2, width - text.count))
  }
}
