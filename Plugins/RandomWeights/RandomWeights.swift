import FulcrumKernel

/// Gives every token a random weight around 1: A ← u A, u uniform in 1 − a...1 + a.
///
/// The control for a method that weighs tokens: weights of the same spread that know nothing of the
/// tokens.
///
/// - Shape: one draw for each token, a function of the seed, the step, the prompt's tokens, the
///   completion's place in its group and the token's place in it. So the order of prompts changes
///   nothing; groups of the same prompt in one step draw the same.
/// - Unit: of the incoming advantages; weights have mean 1 and deviation a/√3.
/// - Numerics: 24 random bits; the product is rounded once. What does not fit `Float` becomes its greatest
///   number.
/// - Source: the control of DelTA, arXiv 2605.21467, with a = 0.2.
/// - Complexity: O(prompt and completion tokens), no allocation.
package struct RandomWeights: AdvantageTransform {
  package static let manual = ComponentManual(
    name: "random-weights",
    summary: "a control: A <- u A with u drawn uniformly from 1 - spread to 1 + spread",
    source: "the control of arXiv 2605.21467",
    formula: "A ← u A, u uniform in 1 − a...1 + a",
    parameters: [
      .number("spread", default: 0.2, in: 0...1, help: "a, half the width; 0: no change")
    ])

  private let spread: Double
  private let random: CounterRandom

  /// - Throws: `.pluginFault` if the parameters were checked against another manual.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    spread = try parameters.number("spread")
    random = CounterRandom(seed: context.seed, purpose: Self.manual.name)
  }

  /// Weighs each advantage; throws nothing.
  package func transform(_ advantages: inout MutableSpan<Float>, of batch: RolloutBatch)
    throws(FulcrumError)
  {
    let sequences = batch.sequences
    for group in 0..<sequences.groupCount {
      let prompt = Self.number(ofPrompt: group, of: sequences)
      let members = sequences.sequences(ofGroup: group)
      for sequence in members {
        let tokens = sequences.tokens(ofSequence: sequence)
        for token in tokens {
          let draw = random.uniform(
            step: batch.step, prompt: prompt,
            sample: UInt32(truncatingIfNeeded: sequence - members.lowerBound),
            token: UInt32(truncatingIfNeeded: token - tokens.lowerBound))
          let weight = 1 + spread * (2 * Double(draw) - 1)
          advantages[token] = Float.nearestFinite(Double(advantages[token]) * weight)
        }
      }
    }
  }

  /// Returns a number for a prompt's tokens: FNV-1a, 32 bits, over them.
  private static func number(ofPrompt group: Int, of sequences: SequenceBatch) -> UInt32 {
    var hash: UInt32 = 0x811c_9dc5
    for place in sequences.promptOffsets[group]..<sequences.promptOffsets[group + 1] {
      hash = (hash ^ UInt32(bitPattern: sequences.promptTokens[place])) &* 0x0100_0193
    }
    return hash
  }
}
