import FulcrumKernel

/// Compares each completion with the mean of its prompt's, in units of reward: A_i = R_i − mean_g.
///
/// - Shape: one value for each sequence, written to all of its tokens. A sequence's return R is what
///   its first token has in the incoming chain; its reward if it has no tokens.
/// - Unit: of the reward. Nothing is divided by the group's standard deviation, which would give
///   questions that are almost always or almost never answered the greatest weight.
/// - Numerics: means in `Double`. A group of one has mean 0. What does not fit `Float` becomes its
///   greatest number.
/// - Source: "Understanding R1-Zero-Like Training", arXiv 2503.20783, section 3.2.
/// - Complexity: O(tokens), no allocation.
package struct DrGRPO: AdvantageTransform {
  package static let manual = ComponentManual(
    name: "dr-grpo",
    summary: "return less its group's mean: A = R - mean",
    source: "arXiv 2503.20783, section 3.2",
    formula: "A = R − mean of the group")

  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {}

  /// Writes each sequence's advantage to its tokens; throws nothing.
  package func transform(_ advantages: inout MutableSpan<Float>, of batch: RolloutBatch)
    throws(FulcrumError)
  {
    for group in 0..<batch.sequences.groupCount {
      let members = batch.sequences.sequences(ofGroup: group)
      var sum = 0.0
      for sequence in members {
        sum += batch.wholeReturn(ofSequence: sequence, in: advantages.span)
      }
      let mean = members.count > 1 ? sum / Double(members.count) : 0
      for sequence in members {
        let difference = batch.wholeReturn(ofSequence: sequence, in: advantages.span) - mean
        let advantage = Float.nearestFinite(difference)
        for token in batch.sequences.tokens(ofSequence: sequence) { advantages[token] = advantage }
      }
    }
  }
}
