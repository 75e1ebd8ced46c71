import FulcrumKernel

/// Gives positive advantages one weight and negative ones another: A ← λ⁺ A where A > 0, λ⁻ A where A < 0.
///
/// With values `outcome`, A is first replaced by what W-REINFORCE has in its place: 1 for a completion
/// whose return is above 0, else −1, without any baseline. With `rise-steps` λ⁺ then rises linearly to 1
/// over so many steps.
///
/// - Shape: a function of each token alone; with `outcome` one value for each completion, whose return is
///   what its first token has in the incoming chain.
/// - Unit: of the incoming advantages; with `outcome` without one.
/// - Numerics: the product is rounded once; what does not fit `Float` becomes its greatest number.
/// - Source: "The Surprising Effectiveness of Negative Reinforcement", arXiv 2506.01347, section 5
///   (λ⁺ = 0.1); "Revisiting Entropy in RL for Large Reasoning Models", arXiv 2511.05993 (λ⁺ < 1).
/// - Complexity: O(tokens), no allocation.
package struct PositiveWeight: AdvantageTransform {
  package static let manual = ComponentManual(
    name: "positive-weight",
    summary: "weighs positive advantages by one number and negative ones by another",
    source: "arXiv 2506.01347, section 5; arXiv 2511.05993",
    formula: "A ← λ⁺ A where A > 0, λ⁻ A where A < 0",
    parameters: [
      .number("positive", default: 0.1, in: 0...1e6, help: "the weight of A > 0; 0: none learns"),
      .number("negative", default: 1, in: 0...1e6, help: "the weight of A < 0"),
      .choice(
        "values", default: "advantage", of: ["advantage", "outcome"],
        help: "advantage: A as it comes in; outcome: first 1 where the return is above 0, else -1"),
      .integer(
        "rise-after", default: 0, in: 0...1_000_000_000,
        help: "the last step whose weight of A > 0 is 'positive' itself; used with rise-steps"),
      .integer(
        "rise-steps", default: 0, in: 0...1_000_000_000,
        help: "in how many steps after that the weight of A > 0 becomes 1; 0: never"),
    ])

  private let positive: Double
  private let negative: Double
  private let takesOutcome: Bool
  private let riseAfter: Double
  private let riseSteps: Double

  /// - Throws: `.pluginFault` if the parameters were checked against another manual.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    positive = try parameters.number("positive")
    negative = try parameters.number("negative")
    takesOutcome = try parameters.text("values") == "outcome"
    riseAfter = Double(try parameters.integer("rise-after"))
    riseSteps = Double(try parameters.integer("rise-steps"))
  }

  /// Weighs each advantage; throws nothing.
  package func transform(_ advantages: inout MutableSpan<Float>, of batch: RolloutBatch)
    throws(FulcrumError)
  {
    let risen = riseSteps > 0 ? min(max((Double(batch.step) - riseAfter) / riseSteps, 0), 1) : 0
    let positive = positive + risen * (1 - positive)
    for sequence in 0..<batch.sequences.sequenceCount {
      let isRight = batch.wholeReturn(ofSequence: sequence, in: advantages.span) > 0
      for token in batch.sequences.tokens(ofSequence: sequence) {
        let value = takesOutcome ? (isRight ? 1 : -1) : Double(advantages[token])
        let weighed = value * (value > 0 ? positive : negative)
        // Not -0 for a negative advantage.
        advantages[token] = weighed == 0 ? 0 : Float.nearestFinite(weighed)
      }
    }
  }
}
