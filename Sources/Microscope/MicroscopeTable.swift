import Foundation
import Training

/// Writes a record as lines for a terminal, with the paper's numbers beside.
package struct MicroscopeTable {
  private let record: MicroscopeRecord
  private static let labelWidth = 36
  private static let width = 12

  /// Shares of tokens in arXiv 2505.12929, Fig. 1 (a).
  private static let paperShares = [0.1922, 0.1015, 0.1009, 0.6054]
  /// Gradient norms in Fig. 1 (d), read off the plot.
  private static let paperNorms = [0.71, 0.355, 0.235, 0.148, 0.82]

  package init(_ record: MicroscopeRecord) { self.record = record }

  package var text: String { lines.joined(separator: "\n") }

  private var lines: [String] {
    let names = ProbabilityIntervals.names
    let (shares, advantages, norms) = (record.figure1.a, record.figure1.b, record.figure1.d)
    var lines = [
      heading,
      row("probability", names.map { Self.right($0) } + [Self.right("all")]),
      row("(a) share of tokens, %", shares.share.map { Self.number($0 * 100) }),
      row("    spread", shares.spread.map { Self.number($0 * 100) }),
      row("    paper", Self.paperShares.map { Self.number($0 * 100) }),
      row("(b) advantage, mean", advantages.mean.map(Self.number)),
    ]
    for (place, level) in IntervalSummary.levels.enumerated() {
      lines.append(
        row("    \(Self.percent(level))", advantages.quantiles.map { Self.number($0[place]) }))
    }
    lines += change("(c) change of π, all updated", record.figure1.c)
    lines += [
      row("(d) gradient norm, one updated", (norms.norm + [norms.all]).map(Self.number)),
      row("    spread", norms.spread.map(Self.number)),
      row("    over share of tokens", zip(norms.norm, shares.share).map { Self.ratio($0, $1) }),
      row("    paper, by eye", Self.paperNorms.map(Self.number)),
    ]
    lines += change("(e) change of π, only \(names[0])", record.figure1.e)
    lines += change("(f) change of π, only \(names[3])", record.figure1.f)
    for arm in record.figure3 {
      lines += [
        row("Fig. 3, \(arm.arm): A > 0 rose", arm.positiveRose.map(Self.number)),
        row("    A < 0 fell", arm.negativeFell.map(Self.number)),
        row("    both", arm.correct.map(Self.number)),
        row("    spread", arm.spread.map(Self.number)),
      ]
    }
    if let words = record.figure5 { lines += Self.lines(words) }
    lines.append("mean |change of π| of each interval's tokens, when only one is updated:")
    for (index, changes) in record.interventions.enumerated() {
      lines.append(row("    only \(names[index])", changes.map(Self.number)))
    }
    lines.append("the same in the direction of their advantages:")
    for (index, along) in record.interventionsAlong.enumerated() {
      lines.append(row("    only \(names[index])", along.map(Self.number)))
    }
    let bounds = record.bounds
    lines.append(
      "bounds: lever / (1 − π) from \(Self.plain(bounds.minimum)) to \(Self.plain(bounds.maximum)),"
        + " between \(Self.plain(bounds.lower)) and \(Self.plain(bounds.upper))"
        + " for \(bounds.vocabulary) tokens of vocabulary;"
        + " \(bounds.violations) of \(bounds.tokens) tokens outside")
    if let layers = record.layers { lines += Self.lines(layers) }
    return lines
  }

  private var heading: String {
    record.config + (record.checkpoint.isEmpty ? "" : ", \(record.checkpoint)")
      + ", step \(record.step): \(record.batches) \(record.rollouts.rawValue) "
      + (record.batches == 1 ? "batch" : "batches") + ", \(record.tokens) tokens,"
      + " \(record.optimizer.rawValue) at \(record.learningRate)"
  }

  private func change(_ label: String, _ change: MicroscopeRecord.Change) -> [String] {
    let last = IntervalSummary.levels.count - 1
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

  private static func percent(_ level: Double) -> String { "\(Int((level * 100).rounded())) %" }
}
