import FulcrumKernel

/// Compares each completion with the mean of its prompt's OTHER completions.
///
/// A_i = R_i − mean of the others = n/(n − 1) · (R_i − mean_g). The baseline does not depend on the
/// completion itself, so the policy gradient stays unbiased.
///
/// - Shape: one value for each sequence, written to all of its tokens. A sequence's return R is what
///   its first token has in the incoming chain; its reward if it has no tokens.
/// - Unit: of the reward.
/// - Numerics: sums in `Double`, divided last. A group of one has no others: its advantage is its
///   return. What does not fit `Float` becomes its greatest number.
/// - Source: "Back to Basics", arXiv 2402.14740, the RLOO estimator (Kool et al., 2019).
/// - Complexity: O(tokens), no allocation.
package struct LeaveOneOut: AdvantageTransform {
  package static let manual = ComponentManual(
    name: "rloo",
    summary: "return less the mean of its group's others: A = n / (n - 1) * (R - mean)",
    source: "arXiv 2402.14740, RLOO estimator",
    formula: "A = R − mean of the group's others = n/(n − 1) (R − mean of the group)")

  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {}

  /// Writes each sequence's advantage to its tokens; throws nothing.
  package func transform(_ advantages: inout MutableSpan<Float>, of batch: RolloutBatch)
    throws(FulcrumError)
  {
    for group in 0..<batch.sequences.groupCount {
      let members = batch.sequences.sequences(ofGroup: group)
      let count = Double(members.count)
      var sum = 0.0
      for sequence in members {
        sum += batch.wholeReturn(ofSequence: sequence, in: advantages.span)
      }
      for sequence in members {
        var difference = batch.wholeReturn(ofSequence: sequence, in: advantages.span)
        // n R − Σ R over n − 1: no mean is rounded, so whole numbers are divided only once.
        if count > 1 { difference = (count * difference - sum) / (count - 1) }
        let advantage = Float.nearestFinite(difference)
        for token in batch.sequences.tokens(ofSequence: sequence) { advantages[token] = advantage }
      }
    }
  }
}
