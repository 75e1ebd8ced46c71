import FulcrumKernel

/// Compares each completion with the others of its prompt: A_i = (R_i − mean_g) / (std_g + floor).
///
/// - Shape: one value for each sequence, written to all of its tokens.
/// - Unit: standard deviations of the group's rewards. Incoming advantages are not read.
/// - Numerics: means and deviations in `Double`; the deviation is unbiased (n − 1). A group of one
///   has mean 0 and deviation 1, so that its advantage is its reward, as in the paper's code. A
///   group of equal rewards has advantage 0, also where the floor is 0.
/// - Source: DeepSeekMath (arXiv 2402.03300), section 4.1.2, with the floor of the code of
///   arXiv 2505.12929.
/// - Complexity: O(tokens), no allocation.
package struct GroupAdvantage: AdvantageTransform {
  package static let manual = ComponentManual(
    name: "grpo",
    summary: "reward against its group: A = (R - mean) / (std + deviation-floor)",
    source: "arXiv 2402.03300, section 4.1.2",
    parameters: [
      .number(
        "deviation-floor", default: 1e-6, in: 0...1,
        help: "added to the group's standard deviation, in units of reward")
    ])

  private let deviationFloor: Double

  /// - Throws: `.pluginFault` if the parameters were checked against another manual.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    deviationFloor = try parameters.number("deviation-floor")
  }

  /// Writes each sequence's advantage to its tokens; throws nothing.
  package func transform(_ advantages: inout MutableSpan<Float>, of batch: RolloutBatch)
    throws(FulcrumError)
  {
    for group in 0..<batch.sequences.groupCount {
      let members = batch.sequences.sequences(ofGroup: group)
      let (mean, deviation) = Self.moments(of: batch.rewards, over: members)
      let scale = deviation + deviationFloor
      for sequence in members {
        let difference = Double(batch.rewards[sequence]) - mean
        // A scale of 0 means equal rewards: 0/0 would be the only thing to divide.
        let advantage = scale == 0 ? 0 : Float(difference / scale)
        for token in batch.sequences.tokens(ofSequence: sequence) { advantages[token] = advantage }
      }
    }
  }

  /// Mean and unbiased standard deviation; 0 and 1 for fewer than two rewards.
  private static func moments(
    of rewards: borrowing Span<Float>, over members: Range<Int>
  ) -> (mean: Double, deviation: Double) {
    guard members.count > 1 else { return (0, 1) }
    var sum = 0.0
    for sequence in members { sum += Double(rewards[sequence]) }
    let mean = sum / Double(members.count)
    var squares = 0.0
    for sequence in members {
      let difference = Double(rewards[sequence]) - mean
      squares += difference * difference
    }
    return (mean, (squares / Double(members.count - 1)).squareRoot())
  }
}
