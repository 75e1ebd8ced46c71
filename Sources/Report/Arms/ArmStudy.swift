import FulcrumKernel
import Training

/// Compares arms over seeds with the one of them that is the reference.
package struct ArmStudy: Sendable {
  /// The runs of an arm.
  struct Arm: Sendable {
    let name: String
    let runs: [RunSummary]

    /// Returns the arm's numbers by seed.
    func values(of measure: ArmMeasure) -> [(seed: String, value: Double)] {
      runs.enumerated().compactMap { index, run in
        measure.value(of: run).map { value in
          // A run without a seed has no twin.
          (seed: run.seed.map { "\($0)" } ?? "none of \(name) \(index)", value: value)
        }
      }
    }
  }

  /// An arm's numbers of a measure, beside those of the reference.
  struct Comparison: Sendable {
    let arm: String
    let measure: ArmMeasure
    let mean: SeedMean
    let values: [(seed: String, value: Double)]
    /// `nil`: this is the reference, or it has no such number.
    let paired: PairedComparison?
    /// The probability of such a difference without a cause, corrected for the number of arms.
    let p: Double?
  }

  let arms: [Arm]
  /// The index of the reference among the arms.
  let reference: Int
  /// Where the runs are compared; `nil`: at their ends.
  let point: ComparisonPoint?

  package var armCount: Int { arms.count }
  /// Sentences on numbers that can't be set side by side.
  package var warnings: [String] { runs.warnings }
  private var runs: [RunSummary] { arms.flatMap(\.runs) }

  /// Compares with the first arm.
  ///
  /// - Parameter runs: not empty. Runs of one arm are those of one name and method.
  package init(_ runs: [RunSummary], at point: ComparisonPoint? = nil) {
    self.init(arms: Self.arms(of: runs), reference: 0, at: point)
  }

  /// Compares with the arm of a name.
  ///
  /// - Throws: `.usage` for a name that no arm has.
  package init(_ runs: [RunSummary], reference: String, at point: ComparisonPoint? = nil)
    throws(FulcrumError)
  {
    let arms = Self.arms(of: runs)
    guard let index = arms.firstIndex(where: { $0.name == reference }) else {
      throw Self.unknown(reference, among: arms.map(\.name))
    }
    self.init(arms: arms, reference: index, at: point)
  }

  /// Returns the error for a reference that is no arm.
  package static func unknown(_ name: String, among arms: [String]) -> FulcrumError {
    FulcrumError(
      .usage, "no arm is named '\(name)'", at: "--reference",
      hint: "the arms are " + arms.map { "'\($0)'" }.joined(separator: ", "))
  }

  private init(arms: [Arm], reference: Int, at point: ComparisonPoint?) {
    self.arms = arms
    self.reference = reference
    self.point = point
  }

  /// Groups runs in the order in which their arms appear. Arms of one name are told apart by the
  /// settings in which they differ.
  private static func arms(of runs: [RunSummary]) -> [Arm] {
    var groups: [[RunSummary]] = []
    for run in runs {
      if let index = groups.firstIndex(where: {
        $0[0].arm == run.arm && $0[0].method == run.method
      }) {
        groups[index].append(run)
      } else {
        groups.append([run])
      }
    }
    return groups.map { group in
      let name = group[0].arm
      let namesakes = groups.filter { $0[0].arm == name }
      guard namesakes.count > 1 else { return Arm(name: name, runs: group) }
      let differing = KeyPaths.differing(namesakes.map(\.[0].settings.texts))
      let own = group[0].settings.texts
      let words = differing.map { "\($0) \(own[$0] ?? "–")" }.joined(separator: ", ")
      return Arm(name: name + " (" + (words.isEmpty ? group[0].method : words) + ")", runs: group)
    }
  }

  /// The names of the measures that are shown; empty: all are.
  private var names: [String] = []

  /// Shows some measures alone.
  ///
  /// - Parameter names: the measures' names; empty: all are shown.
  /// - Throws: `.usage` for a name that no measure of these runs has.
  package mutating func choose(_ names: [String]) throws(FulcrumError) {
    let known = ArmMeasure.all(runs).map(\.name)
    for name in names { try ArmMeasure.check(name, of: "--measure", among: known) }
    self.names = names
  }

  /// Returns the measures that were chosen; if none was, all but further ones of transfer, of which one is
  /// enough to see whether it follows.
  private func shown(_ measures: [ArmMeasure]) -> [ArmMeasure] {
    guard names.isEmpty else { return measures.filter { names.contains($0.name) } }
    let first = measures.first(where: \.isTransfer)
    return measures.filter { !$0.isTransfer || $0 == first }
  }

  /// Those measures that some run has, of those that are shown.
  var measures: [ArmMeasure] { shown(ArmMeasure.all(runs)) }
  /// Those by which arms are compared with the reference.
  var comparedMeasures: [ArmMeasure] { shown(ArmMeasure.compared(runs)) }

  /// Compares all arms by a measure, in their order. An arm without such a number is left out.
  func comparisons(by measure: ArmMeasure) -> [Comparison] {
    let other = arms[reference].values(of: measure)
    let found = arms.enumerated().compactMap {
      index, arm -> (name: String, values: [(seed: String, value: Double)], PairedComparison?)? in
      let values = arm.values(of: measure)
      guard !values.isEmpty else { return nil }
      let isCompared = index != reference && !other.isEmpty
      return (arm.name, values, isCompared ? PairedComparison(values, with: other) : nil)
    }
    let corrected = PairedComparison.holm(found.map { $0.2?.p })
    return zip(found, corrected).map { arm, p in
      Comparison(
        arm: arm.name, measure: measure, mean: SeedMean(arm.values.map(\.value)),
        values: arm.values, paired: arm.2, p: p)
    }
  }

  /// Says what was compared: at which point, and where held-out items are of other steps.
  var words: String {
    let ends = runs.compactMap(\.afterStep)
    var parts = [
      Counted.text(arms.count, "arm"), Counted.text(runs.count, "run"),
      point.map { $0.words(runs) } ?? "after steps " + ComparisonPoint.range(runs.map(\.steps)),
    ]
    let isElsewhere = runs.contains { $0.afterStep != nil && $0.afterStep != $0.steps }
    if isElsewhere { parts.append("held out after steps " + ComparisonPoint.range(ends)) }
    let missing = runs.count - ends.count
    if missing > 0, missing < runs.count {
      parts.append(
        "held out of \(ends.count) of them"
          + (point == nil ? "" : " up to there: evaluation.every says how often it is"))
    } else if missing > 0, point != nil {
      parts.append("nothing held out up to there: evaluation.every says how often it is")
    }
    return parts.joined(separator: ", ")
  }
}
