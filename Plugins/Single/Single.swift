import FulcrumKernel

/// Updates all tokens together, in one pass over the mini-batches or in several.
///
/// With two repeats a step takes as many optimiser steps as a schedule of two phases, without a
/// split: the control for methods that split.
///
/// - Shape: `repeats` phases of all tokens; every token takes part in each.
/// - Source: GRPO's own update, arXiv 2402.03300, Algorithm 1, whose μ iterations the repeats are.
package struct Single: UpdateScheduler {
  package static let manual = ComponentManual(
    name: "single",
    summary: "updates all tokens together, as often as asked",
    source: "arXiv 2402.03300, Algorithm 1: mu iterations of the update",
    formula: "all tokens, repeats times",
    parameters: [
      .integer(
        "repeats", default: 1, in: 1...64,
        help: "passes over all mini-batches; 2 takes as many optimiser steps as two phases")
    ])

  package let passes: Int

  /// - Throws: `.pluginFault` if the parameters were checked against another manual.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    passes = try parameters.integer("repeats")
  }

  /// Returns the phase `all`, or `all-1`, `all-2` and so on; neither tokens nor advantages are
  /// read.
  package func phases(for batch: RolloutBatch, advantages: Span<Float>) throws(FulcrumError)
    -> [UpdatePhase]
  {
    guard passes > 1 else { return [UpdatePhase(name: "all")] }
    return (1...passes).map { UpdatePhase(name: "all-\($0)") }
  }
}
