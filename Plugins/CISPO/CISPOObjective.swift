import FulcrumKernel
import ObjectiveParts

/// REINFORCE with a clipped importance weight: J = Σ share · sg(clip(r)) A log π.
///
/// The weight of a token is w = share · clip(r) A: clipping bounds how much a token counts, and no
/// token is left out.
///
/// - Shape: one weight and one loss for each token of the slice, each a function of that token
///   alone. Sequences of share 0 get zeros and are not in the metrics.
/// - Unit: the loss is in advantage times nats, not that of a ratio objective.
/// - Numerics: each token in `Double`, rounded once.
/// - Source: arXiv 2506.13585, section 3.1.
/// - Complexity: O(tokens), no allocation but for the metrics' entries.
package struct CISPOObjective: PolicyObjective {
  package static let manual = ComponentManual(
    name: "cispo",
    summary: "clipped importance weight: sg(clip(r, 1 - clip-low, 1 + clip-high)) A log pi",
    source: "arXiv 2506.13585, section 3.1",
    formula: "w = clip(r, 1 − clip-low, 1 + clip-high) A",
    parameters: [
      .number(
        "clip-low", default: 1, in: 0...1000,
        help: "a ratio below 1 - clip-low counts as that; 1 and above: no lower bound"),
      .number(
        "clip-high", default: 4, in: 0...1000,
        help: "a ratio above 1 + clip-high counts as that"),
    ])

  package let needs: Set<Column> = [.oldLogProbabilities]
  package let isTokenwise = true
  private let least: Double
  private let greatest: Double

  /// - Throws: `.pluginFault` if the parameters were checked against another manual.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    least = 1 - (try parameters.number("clip-low"))
    greatest = 1 + (try parameters.number("clip-high"))
  }

  /// Sets the weights and losses of a slice's tokens and adds to the metrics.
  ///
  /// - Throws: `.pluginFault` if a column that was declared as needed is missing.
  package func weigh(
    _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout MutableSpan<Float>, metrics: inout MetricSums
  ) throws(FulcrumError) {
    try input.require(.advantages, .oldLogProbabilities, by: Self.manual.name)
    var tally = ObjectiveTally()
    var heldDown = 0
    for sequence in 0..<input.sequenceCount {
      let share = input.share(ofSequence: sequence)
      if share == 0 { continue }
      for token in input.tokens(ofSequence: sequence) {
        let advantage = Double(input.advantages[token])
        let logRatio = input.logRatio(token)
        let ratio = boundedExponential(logRatio)
        // The NaN must be the first argument: min and max then return it.
        let factor = min(max(ratio, least), greatest)
        let weight = factor * advantage * share
        weights[token] = Float(weight)
        losses[token] = Float(-weight * Double(input.logProbabilities[token]))
        tally.count(ratio: ratio, logRatio: logRatio)
        if ratio < least { tally.count(.low) }
        if ratio > greatest {
          tally.count(.high)
          if advantage > 0 { heldDown += 1 }
        }
      }
    }
    tally.reportClips(to: &metrics)
    tally.report("cispo_clip_ratio", sum: Double(heldDown), to: &metrics)
    tally.reportRatios(to: &metrics)
  }
}
