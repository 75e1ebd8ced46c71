import Charts
import FulcrumKernel
import PluginChecks

extension Method {
  /// Whom it favours, or what went wrong, in a few words.
  package var verdict: String {
    switch outcome {
    case .incomplete(let sentence): return sentence
    case .failed(let failure): return "failed: \(failure.error.sentence)".inOneLine
    case .curves(let portrait):
      if !portrait.phases.isEmpty { return Self.words(portrait.phases) }
      if portrait.isWithoutAdvantage { return portrait.pull }
      let favour = Favour(portrait)
      var sentences = [favour.onPolicy]
      if portrait.onPolicy.isZero, let further = portrait.furtherOnPolicy.first {
        sentences = ["no weight on ∇ log π; \(further.words)"]
      }
      if !portrait.onPolicy.isZero || portrait.byRatio.map({ !$0.isZero }) ?? false {
        sentences += [favour.offPolicy(isSamplers: portrait.isSamplersRatio)].compactMap(\.self)
      }
      return sentences.joined(separator: "; ")
    }
  }

  private static func words(_ phases: [MethodPortrait.Phase]) -> String {
    let shown = phases.prefix(MethodPortrait.shownPhases)
    let others = phases.count - shown.count
    return shown.map(\.words).joined(separator: "; ").inOneLine
      + (others > 0 ? "; \(others) more" : "")
  }

  /// The kind in one word: `advantage`.
  package var kindWord: String {
    switch kind {
    case .advantageTransform: "advantage"
    case .policyObjective: "objective"
    case .updateScheduler: "schedule"
    default: kind.rawValue
    }
  }
}

extension MethodPortrait {
  /// What an objective without an advantage in its weight does.
  fileprivate var pull: String {
    let most = onPolicy.positive.points.map { max(abs($0.low), abs($0.high)) }.max() ?? 0
    if measure == .factor {
      return "the same new A for either sign of A: up to \(Favour.twoDigits(most)) on policy"
    }
    var words =
      "a pull of its own, whatever A: on policy up to \(Favour.twoDigits(most))"
    if let points = byRatio?.positive.points, let first = points.first, let last = points.last {
      words +=
        ", w = \(Favour.twoDigits(first.mean)) at r = \(Favour.twoDigits(first.x)) and"
        + " \(Favour.twoDigits(last.mean)) at r = \(Favour.twoDigits(last.x))"
    }
    return words
  }
}

extension MethodPortrait.Phase {
  /// How much of the unlikely and of the likely tokens it has.
  var words: String {
    let shares = [Favour.unlikely, Favour.likely].map { share.meanMagnitude(in: $0) ?? 0 }
    func percent(_ share: Double) -> String { NumberText.short((share * 100).rounded()) + " %" }
    return "\(name): \(percent(shares[0])) of the unlikely, \(percent(shares[1])) of the likely"
  }
}

extension MethodPortrait.Further {
  /// What it is on average: `v on ∇H 0.001`.
  var words: String {
    let points = curves.positive.points + curves.negative.points
    let mean = points.reduce(0) { $0 + $1.mean } / Double(max(1, points.count))
    return "\(name) \(Favour.twoDigits(mean))"
  }
}

extension Method {
  /// The name as a table has room for it: a line, cut if it is very long.
  package var shownName: String {
    let line = name.inOneLine
    return line.count > 48 ? line.prefix(47) + "…" : line
  }
}

extension String {
  /// The same without line breaks: a space for each.
  var inOneLine: String {
    contains(where: \.isNewline)
      ? split(whereSeparator: \.isNewline).joined(separator: " ") : self
  }
}
