import FulcrumKernel
import JSON
import Runs
import Training

/// What a look through the microscope comes to: `microscope.json` (Documentation/Microscope.md).
package struct MicroscopeReport {
  /// Where it was looked, and how.
  package struct Head: Sendable {
    package var config: String
    /// Empty: the configuration's own policy.
    package var checkpoint: String
    /// Steps that the policy was trained for.
    package var step: Int
    package var optimizer: OptimizerChoice
    package var learningRate: Double
    /// `recorded` or `fresh`.
    package var rollouts: String

    package init(
      config: String, checkpoint: String, step: Int, optimizer: OptimizerChoice,
      learningRate: Double, rollouts: String
    ) {
      self.config = config
      self.checkpoint = checkpoint
      self.step = step
      self.optimizer = optimizer
      self.learningRate = learningRate
      self.rollouts = rollouts
    }
  }

  /// How the probability of tokens changed: means over batches, by interval.
  package struct Change: Sendable {
    /// At `IntervalSummary.shares`.
    package let quantiles: [[Double]]
    package let meanAbsolute: [Double]
    /// Of `meanAbsolute`, over batches.
    package let spread: [Double]

    init(_ batches: [IntervalSummary]) {
      quantiles = OverBatches.mean(batches.map(\.quantiles))
      meanAbsolute = OverBatches.mean(batches.map(\.meanAbsolute))
      spread = OverBatches.spread(batches.map(\.meanAbsolute))
    }
  }

  /// One arm of Fig. 3: means over batches, by interval.
  package struct ArmResult: Sendable {
    package let name: String
    package let positiveRose: [Double]
    package let negativeFell: [Double]
    package let correct: [Double]
    /// Of `correct`, over batches.
    package let spread: [Double]
  }

  package let head: Head
  package let batches: Int
  /// Over all batches.
  package let tokens: Int
  package let share: [Double]
  package let shareSpread: [Double]
  package let histogram: [Double]
  package let advantageQuantiles: [[Double]]
  package let advantageMean: [Double]
  package let all: Change
  /// By the interval that is updated alone.
  package let alone: [Change]
  /// For each interval that is updated alone, the mean change of each interval's tokens in the
  /// direction of their advantages.
  package let along: [[Double]]
  package let norm: [Double]
  package let normSpread: [Double]
  package let normOfAll: Double
  package let arms: [ArmResult]
  package let bounds: LeverBounds
  /// `nil`: not asked for, or the policy can't tell.
  package let layers: LayerReport?
  /// Fig. 5; `nil`: no words were counted.
  package let words: WordFindings?

  package init(_ head: Head, _ findings: Microscope.Findings, words: WordFindings? = nil) {
    self.head = head
    self.words = words
    let found = findings.batches
    batches = found.count
    tokens = found.reduce(0) { $0 + $1.tokenCount }
    share = OverBatches.mean(found.map(\.shares))
    shareSpread = OverBatches.spread(found.map(\.shares))
    histogram = OverBatches.mean(found.map(\.histogram))
    advantageQuantiles = OverBatches.mean(found.map(\.advantages.quantiles))
    advantageMean = OverBatches.mean(found.map(\.advantages.mean))
    all = Change(found.map(\.change))
    alone = (0..<IntervalSummary.count).map { index in Change(found.map { $0.changes[index] }) }
    along = OverBatches.mean(found.map(\.along))
    norm = OverBatches.mean(found.map(\.norms))
    normSpread = OverBatches.spread(found.map(\.norms))
    normOfAll = Statistics.mean(found.map(\.norm))
    arms = findings.arms.map { name, batches in
      ArmResult(
        name: name, positiveRose: OverBatches.mean(batches.map(\.positiveRose)),
        negativeFell: OverBatches.mean(batches.map(\.negativeFell)),
        correct: OverBatches.mean(batches.map(\.correct)),
        spread: OverBatches.spread(batches.map(\.correct)))
    }
    bounds = findings.bounds
    layers = findings.layers.map(LayerReport.init)
  }

  /// One JSON object; `null` where an interval has no tokens.
  package var json: JSONLine {
    func list(_ values: [Double]) -> JSONLine.Value { .numbers(values) }
    func table(_ rows: [[Double]]) -> JSONLine.Value { .list(rows.map(list)) }
    func change(_ change: Change) -> JSONLine.Value {
      .object(
        JSONLine([
          ("quantiles", table(change.quantiles)), ("mean_abs", list(change.meanAbsolute)),
          ("spread", list(change.spread)),
        ]))
    }
    let a = JSONLine([
      ("share", list(share)), ("spread", list(shareSpread)), ("histogram", list(histogram)),
    ])
    let b = JSONLine([("quantiles", table(advantageQuantiles)), ("mean", list(advantageMean))])
    let d = JSONLine([
      ("norm", list(norm)), ("spread", list(normSpread)), ("all", .number(normOfAll)),
    ])
    let figure1 = JSONLine([
      ("a", .object(a)), ("b", .object(b)), ("c", change(all)), ("d", .object(d)),
      ("e", change(alone[0])), ("f", change(alone[IntervalSummary.count - 1])),
    ])
    let figure3 = arms.map { arm in
      JSONLine([
        ("arm", .text(arm.name)), ("positive_rose", list(arm.positiveRose)),
        ("negative_fell", list(arm.negativeFell)), ("correct", list(arm.correct)),
        ("spread", list(arm.spread)),
      ])
    }
    var report = JSONLine([
      ("config", .text(head.config)), ("checkpoint", .text(head.checkpoint)),
      ("step", .number(Double(head.step))), ("optimizer", .text(head.optimizer.rawValue)),
      ("learning_rate", .number(head.learningRate)), ("rollouts", .text(head.rollouts)),
      ("batches", .number(Double(batches))), ("tokens", .number(Double(tokens))),
      ("intervals", .list(ProbabilityIntervals.names.map { .text($0) })),
      ("figure1", .object(figure1)), ("figure3", .list(figure3.map { .object($0) })),
      ("bounds", .object(boundsJSON)), ("interventions", table(alone.map(\.meanAbsolute))),
      ("interventions_along", table(along)),
    ])
    if let layers { report.add("layers", .object(layers.json)) }
    if let words { report.add("figure5", .object(words.json)) }
    return report
  }

  private var boundsJSON: JSONLine {
    JSONLine([
      ("tokens", .number(Double(bounds.tokens))),
      ("violations", .number(Double(bounds.violations))),
      ("vocabulary", .number(Double(bounds.vocabulary))), ("lower", .number(bounds.lower)),
      ("upper", .number(bounds.upper)), ("minimum", .number(bounds.minimum)),
      ("maximum", .number(bounds.maximum)),
      ("histogram", .list(bounds.histogram.map { .number(Double($0)) })),
      ("tolerance", .number(LeverBounds.absoluteTolerance)),
    ])
  }
}
