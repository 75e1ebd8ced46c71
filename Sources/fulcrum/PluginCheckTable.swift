import FulcrumKernel
import PluginHost
import Trainer

/// The results of `plugin check`, printed as they come.
struct PluginCheckTable {
  let json: Bool
  private var subject: String?
  private var counts: [String: Int] = [:]
  private(set) var isIncomplete = false

  private static let wordWidth = 9
  private static let nameWidth = 60

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
    if result.check.subject != subject { print(result.check.subject) }
    subject = result.check.subject
    let line = "  " + Self.padded(word, Self.wordWidth)
    let detail = result.finding.detail
    switch result.finding {
    case .fault:
      print(line + result.check.name)
      print("  " + Self.padded("", Self.wordWidth) + detail)
    case _ where detail.isEmpty: print(line + result.check.name)
    default: print(line + Self.padded(result.check.name, Self.nameWidth) + detail)
    }
  }

  func end() {
    guard !json else { return }
    let skipped = counts["skipped", default: 0]
    print(
      "\(counts["ok", default: 0]) ok, \(faults) \(faults == 1 ? "fault" : "faults"),"
        + " \(skipped) skipped")
  }

  /// Followed by two spaces at least.
  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(2, width - text.count))
  }
}
