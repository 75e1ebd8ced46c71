import FulcrumKernel

/// Compares each completion with the others of its prompt: A_i = (R_i − mean_g) / (std + floor).
///
/// - Shape: one value for each sequence, written to all of its tokens. A sequence's return R is what
///   its first token has in the incoming chain; its reward if it has no tokens.
/// - Unit: standard deviations of returns; with scale `none` that of returns.
/// - Numerics: means and deviations in `Double`; deviations are unbiased (n − 1). A group of one
///   has mean 0 and deviation 1, so that its advantage is its return, as in the paper's code; so has
///   a batch of one. Where the deviation is 0, so is the advantage, whatever the floor: equal returns
///   tell nothing. What does not fit `Float` becomes its greatest number.
/// - Source: DeepSeekMath (arXiv 2402.03300), section 4.1.2, with the floor of the code of
///   arXiv 2505.12929; scales as TRL's `scale_rewards`.
/// - Complexity: O(tokens), no allocation.
package struct GroupAdvantage: AdvantageTransform {
  /// Names the set of returns whose standard deviation divides the advantages, if any does.
  private enum Scale: String, CaseIterable {
    case group
    case batch
    case none
  }

  private static let defaultFloor = 1e-6

  package static let manual = ComponentManual(
    name: "grpo",
    summary: "return against its group: A = (R - mean) / (std + deviation-floor)",
    source: "arXiv 2402.03300, section 4.1.2",
    formula: "A = (R − mean of the group) / (std of the group + floor)",
    parameters: [
      .choice(
        "scale", default: Scale.group.rawValue, of: Scale.allCases.map(\.rawValue),
        help: "whose standard deviation divides: the group's, the batch's or none's"),
      .number(
        "deviation-floor", default: defaultFloor, in: 0...1,
        help: "added to the standard deviation, in units of reward"),
    ])

  private let scale: Scale
  private let deviationFloor: Double

  /// - Throws: `.parameter` for a floor with scale `none`, where nothing is divided.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    let name = try parameters.text("scale")
    guard let scale = Scale(rawValue: name) else {
      throw parameters.refuse("scale", "expected group, batch or none, got \(name)")
    }
    deviationFloor = try parameters.number("deviation-floor")
    guard scale != .none || deviationFloor == Self.defaultFloor else {
      throw parameters.refuse(
        "deviation-floor", "expected nothing with scale none, got \(deviationFloor)",
        hint: "no deviation divides, so there is none to add it to; leave it out or choose a scale")
    }
    self.scale = scale
  }

  /// Writes each sequence's advantage to its tokens; throws nothing.
  package func transform(_ advantages: inout MutableSpan<Float>, of batch: RolloutBatch)
    throws(FulcrumError)
  {
    let everyone = 0..<batch.sequences.sequenceCount
    let batchDeviation =
      scale == .batch ? Self.moments(of: batch, advantages.span, over: everyone).deviation : 1
    for group in 0..<batch.sequences.groupCount {
      let members = batch.sequences.sequences(ofGroup: group)
      let (mean, groupDeviation) = Self.moments(of: batch, advantages.span, over: members)
      let deviation = scale == .group ? groupDeviation : batchDeviation
      let divisor = scale == .none ? 1 : deviation + deviationFloor
      for sequence in members {
        let difference = batch.wholeReturn(ofSequence: sequence, in: advantages.span) - mean
        // In a group of one the difference is the return itself, so equal returns of a whole batch
        // of such groups would be divided by the floor alone.
        let advantage = deviation == 0 ? 0 : Float.nearestFinite(difference / divisor)
        for token in batch.sequences.tokens(ofSequence: sequence) { advantages[token] = advantage }
      }
    }
  }

  /// Returns mean and unbiased standard deviation of returns; 0 and 1 for fewer than two.
  private static func moments(
    of batch: RolloutBatch, _ returns: Span<Float>, over members: Range<Int>
  ) -> (mean: Double, deviation: Double) {
    guard members.count > 1 else { return (0, 1) }
    var sum = 0.0
    for sequence in members { sum += batch.wholeReturn(ofSequence: sequence, in: returns) }
    let mean = sum / Double(members.count)
    var squares = 0.0
    for sequence in members {
      let difference = batch.wholeReturn(ofSequence: sequence, in: returns) - mean
      squares += difference * difference
    }
    return (mean, (squares / Double(members.count - 1)).squareRoot())
  }
}
