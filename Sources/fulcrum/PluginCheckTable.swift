import FulcrumKernel
import PluginHost
import Trainer

/// The results of `plugin check`, printed as they come.
struct PluginCheckTable {
  let json: Bool
  private var subject: String?
  private var counts: [String: Int] = [:]
  private(set) var isIncomplete = false

  private static let nameWidth = 56

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
    let mark = Self.padded(word, 7)
    guard !result.finding.detail.isEmpty else {
      print("  \(mark) \(result.check.name)")
      return
    }
    print("  \(mark) \(Self.padded(result.check.name, Self.nameWidth)) \(result.finding.detail)")
  }

  func end() {
    guard !json else { return }
    let skipped = counts["skipped", default: 0]
    print(
      "\(counts["ok", default: 0]) ok, \(faults) \(faults == 1 ? "fault" : "faults"),"
        + " \(skipped) skipped")
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
}
