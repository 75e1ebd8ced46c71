import Foundation
import Training

/// The report as lines for a terminal, with the paper's numbers beside.
package struct MicroscopeTable {
  private let report: MicroscopeReport
  private static let labelWidth = 36
  private static let width = 12

  /// Of arXiv 2505.12929, Fig. 1: (a) shares, and (d) norms, read off the plot.
  private static let paperShares = [0.1922, 0.1015, 0.1009, 0.6054]
  private static let paperNorms = [0.71, 0.355, 0.235, 0.148, 0.82]

  package init(_ report: MicroscopeReport) { self.report = report }

  package var text: String { lines.joined(separator: "\n") }

  private var lines: [String] {
    let names = ProbabilityIntervals.names
    let quantiles = report.advantageQuantiles
    var lines = [
      heading,
      row("probability", names.map { Self.right($0) } + [Self.right("all")]),
      row("(a) share of tokens, %", report.share.map { Self.number($0 * 100) }),
      row("    spread", report.shareSpread.map { Self.number($0 * 100) }),
      row("    paper", Self.paperShares.map { Self.number($0 * 100) }),
      row("(b) advantage, mean", report.advantageMean.map(Self.number)),
    ]
    for (place, share) in IntervalSummary.shares.enumerated() {
      lines.append(row("    \(Self.percent(share))", quantiles.map { Self.number($0[place]) }))
    }
    lines += change("(c) change of π, all updated", report.all)
    lines += [
      row("(d) gradient norm, one updated", (report.norm + [report.normOfAll]).map(Self.number)),
      row("    spread", report.normSpread.map(Self.number)),
      row("    over share of tokens", zip(report.norm, report.share).map { Self.ratio($0, $1) }),
      row("    paper, by eye", Self.paperNorms.map(Self.number)),
    ]
    lines += change("(e) change of π, only \(names[0])", report.alone[0])
    lines += change("(f) change of π, only \(names[3])", report.alone[3])
    for arm in report.arms {
      lines += [
        row("Fig. 3, \(arm.name): A > 0 rose", arm.positiveRose.map(Self.number)),
        row("    A < 0 fell", arm.negativeFell.map(Self.number)),
        row("    both", arm.correct.map(Self.number)),
        row("    spread", arm.spread.map(Self.number)),
      ]
    }
    if let words = report.words { lines += Self.lines(words) }
    lines.append("mean |change of π| of each interval's tokens, when only one is updated:")
    for (index, change) in report.alone.enumerated() {
      lines.append(row("    only \(names[index])", change.meanAbsolute.map(Self.number)))
    }
    lines.append("the same in the direction of their advantages:")
    for (index, along) in report.along.enumerated() {
      lines.append(row("    only \(names[index])", along.map(Self.number)))
    }
    let bounds = report.bounds
    lines.append(
      "bounds: lever / (1 − π) from \(Self.plain(bounds.minimum)) to \(Self.plain(bounds.maximum)),"
        + " between \(Self.plain(bounds.lower)) and \(Self.plain(bounds.upper))"
        + " for \(bounds.vocabulary) tokens of vocabulary;"
        + " \(bounds.violations) of \(bounds.tokens) tokens outside")
    if let layers = report.layers { lines += Self.lines(layers) }
    return lines
  }

  private var heading: String {
    let head = report.head
    return "\(head.config)" + (head.checkpoint.isEmpty ? "" : ", \(head.checkpoint)")
      + ", step \(head.step): \(report.batches) \(head.rollouts) "
      + (report.batches == 1 ? "batch" : "batches") + ", \(report.tokens) tokens,"
      + " \(head.optimizer.rawValue) at \(head.learningRate)"
  }

  private func change(_ label: String, _ change: MicroscopeReport.Change) -> [String] {
    let last = IntervalSummary.shares.count - 1
    return [
      row(label + ", 1 %", change.quantiles.map { Self.number($0[0]) }),
      row("    99 %", change.quantiles.map { Self.number($0[last]) }),
      row("    mean |change|", change.meanAbsolute.map(Self.number)),
      row("    spread", change.spread.map(Self.number)),
    ]
  }

  private func row(_ label: String, _ cells: [String]) -> String { Self.row(label, cells) }

  static func row(_ label: String, _ cells: [String]) -> String {
    label + String(repeating: " ", count: max(0, labelWidth - label.count)) + cells.joined()
  }

  static func right(_ text: String) -> String {
    String(repeating: " ", count: max(1, width - text.count)) + text
  }

  static func number(_ value: Double) -> String { right(plain(value)) }

  static func plain(_ value: Double) -> String {
    value.isNaN ? "none" : String(format: "%.4g", value)
  }

  private static func ratio(_ norm: Double, _ share: Double) -> String {
    number(share > 0 ? norm / share : .nan)
  }

  private static func percent(_ share: Double) -> String { "\(Int((share * 100).rounded())) %" }
}
