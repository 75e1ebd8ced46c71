import Foundation
import FulcrumKernel
import Training

/// Leaves advantages to one probability interval's tokens alone: the last link of the chain.
///
/// Only advantages are masked: a KL penalty still acts on all tokens, and denominators stay those of
/// all, as in the paper's own code.
/// - Source: arXiv 2505.12929, Fig. 1 (d) to (f).
struct IntervalMask: AdvantageTransform {
  static let manual = ComponentManual(
    name: "interval-mask", summary: "A where π_old is in the interval, else 0.",
    source: "arXiv 2505.12929, Fig. 1",
    parameters: [.integer("interval", default: 0, in: 0...3, help: "which quarter of 0 to 1")])

  let interval: Int

  init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    self.init(interval: try parameters.integer("interval"))
  }

  init(interval: Int) { self.interval = interval }

  var needs: Set<Column> { [.oldLogProbabilities] }

  func transform(_ advantages: inout MutableSpan<Float>, of batch: RolloutBatch)
    throws(FulcrumError)
  {
    let old = try batch.column(.oldLogProbabilities)
    for token in advantages.indices
    where ProbabilityIntervals.index(of: exp(old[token])) != interval {
      advantages[token] = 0
    }
  }
}
