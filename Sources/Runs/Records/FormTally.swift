import Foundation
import FulcrumKernel
import Training

/// Counts right answers by the items' forms. Items of one form are one puzzle in other words, so
/// they say less of accuracy than as many puzzles would.
package struct FormTally {
  private var groups: [String: (correct: Int, count: Int)] = [:]
  /// The items that are of no form, each like no other.
  private var single = (correct: 0, count: 0)

  package init() {}

  /// Returns how many forms items have.
  package static func forms(of items: [TaskItem]) -> Int {
    Set(items.compactMap(\.form)).count + items.count { $0.form == nil }
  }

  package mutating func add(_ item: TaskItem, isCorrect: Bool) {
    let correct = isCorrect ? 1 : 0
    guard let form = item.form else {
      single = (single.correct + correct, single.count + 1)
      return
    }
    let group = groups[form] ?? (0, 0)
    groups[form] = (group.correct + correct, group.count + 1)
  }

  package var forms: Int { groups.count + single.count }
  private var count: Int { groups.values.reduce(single.count) { $0 + $1.count } }
  private var correct: Int { groups.values.reduce(single.correct) { $0 + $1.correct } }

  /// The number of independent items that would tell accuracy as exactly: p (1 − p) over the variance
  /// of p by forms, made smaller by what Student's t for so few forms is wider than the normal
  /// distribution. `nil` where every item has a form of its own.
  ///
  /// The variance is the cluster-robust one, G / (G − 1) · Σ (correct − p · count)² / n² over G forms of
  /// n items. Where fewer answers are right, or wrong, than there are forms, it can't be seen how
  /// forms differ: then as many as there are forms.
  ///
  /// - Source: Liang and Zeger, Biometrika 73 (1986); Miller, "Adding error bars to evals", arXiv
  ///   2411.00640, section 2.2; the effective count within Wilson's interval is Korn and Graubard's,
  ///   Survey Methodology 24 (1998).
  package var effectiveCount: Double? {
    guard forms < count else { return nil }
    let (n, g) = (Double(count), Double(forms))
    let p = Double(correct) / n
    guard min(correct, count - correct) >= forms, forms > 1 else { return g }
    let grouped = groups.values.reduce(0.0) { sum, group in
      let excess = Double(group.correct) - p * Double(group.count)
      return sum + excess * excess
    }
    let alone =
      Double(single.correct) * (1 - p) * (1 - p) + Double(single.count - single.correct) * p * p
    let variance = g / (g - 1) * (grouped + alone) / (n * n)
    let narrowing = Statistics.normalPoint / Self.studentPoint(freedom: g - 1)
    guard variance > 0 else { return n }
    return min(n, p * (1 - p) / variance * narrowing * narrowing)
  }

  /// Returns the 97.5 % point of Student's t: exact for one and two degrees of freedom, else by the
  /// expansion of Cornish and Fisher to the fourth order, within 0.2 % from three on.
  ///
  /// - Source: Abramowitz and Stegun, 26.7.5.
  package static func studentPoint(freedom v: Double) -> Double {
    if v <= 1 { return tan(0.475 * .pi) }
    if v == 2 { return 0.95 * (2 / (1 - 0.95 * 0.95)).squareRoot() }
    let z = Statistics.normalPoint
    let z2 = z * z
    let first = z * (z2 + 1) / 4
    let second = z * ((5 * z2 + 16) * z2 + 3) / 96
    let third = z * (((3 * z2 + 19) * z2 + 17) * z2 - 15) / 384
    let fourth = z * ((((79 * z2 + 776) * z2 + 1482) * z2 - 1920) * z2 - 945) / 92160
    return z + first / v + second / (v * v) + third / (v * v * v) + fourth / (v * v * v * v)
  }
}
