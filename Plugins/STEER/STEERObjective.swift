import FulcrumKernel
import ObjectiveParts

/// The clipped surrogate with less weight on the tokens that would change the entropy most.
///
/// Ω = (A/p) π (1 − π)(ln π + H) estimates how much a token's update changes the entropy of its
/// distribution. A token's term is multiplied by λ(|Ω|), a constant for the gradient: linear, from
/// the greatest weight at the mini-batch's smallest |Ω| down to the least at its largest; or
/// exponential, least^(|Ω| / max(largest, 0.02)).
///
/// - Shape: one weight and one loss for each token of the slice. Sequences of share 0 get zeros and
///   are neither in the extremes nor in the metrics.
/// - Unit: H in nats, of the old policy, as is p; π is the current policy's.
/// - Numerics: each token in `Double`; λ is rounded to `Float` and so is the product.
/// - Source: arXiv 2510.10150; extremes are those of the mini-batch, the authors' of a micro-batch.
/// - Complexity: O(tokens).
package struct STEERObjective: SurveyingObjective {
  package static let manual = ComponentManual(
    name: "steer",
    summary:
      "clipped ratio, weighted by lambda: less for tokens that would change the entropy more",
    source: "arXiv 2510.10150",
    formula:
      "w = λ(|Ω|) r A in the clip, else 0; Ω = (A/p) π (1 − π)(ln π + H), λ falls from 1.2 to 0.8",
    parameters: ClippedSurrogate.parameters(clipHigh: 0.28) + [
      ClippedSurrogate.dualClipParameter(default: 10),
      .choice(
        "form", default: "linear", of: ["linear", "exponential"],
        help: "of lambda: linear between the extremes, or exponential from 1 down to 'least'"),
      .number(
        "least", default: 0.8, in: 1e-3...1, help: "lambda of the token that changes it most"),
      .number(
        "greatest", default: 1.2, in: 1e-3...10,
        help: "lambda of the token that changes it least; of no effect in the exponential form"),
    ])

  package let needs: Set<Column> = [.oldLogProbabilities, .entropies]
  package let isTokenwise = true
  private let surrogate: ClippedSurrogate
  private let isLinear: Bool
  private let least: Double
  private let greatest: Double

  /// - Throws: `.parameter` for weights in the wrong order, or for a dual clip above 0 that is not
  ///   above 1.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    surrogate = try ClippedSurrogate(parameters, dual: ClippedSurrogate.dualClip(parameters))
    isLinear = try parameters.text("form") == "linear"
    least = try parameters.number("least")
    greatest = try parameters.number("greatest")
    guard !isLinear || least <= greatest else {
      throw parameters.refuse(
        "greatest", "expected at least 'least', which is \(least), got \(greatest)")
    }
  }

  /// - Returns: λ of each token; 0 in sequences of share 0.
  /// - Throws: `.pluginFault` if a column that was declared as needed is missing.
  package func survey(_ minibatch: borrowing ObjectiveInput) throws(FulcrumError) -> [Float] {
    try minibatch.require(.advantages, .oldLogProbabilities, by: Self.manual.name)
    let entropies = try minibatch.column(.entropies)
    var changes = [Double?](repeating: nil, count: minibatch.tokenCount)
    for sequence in 0..<minibatch.sequenceCount where minibatch.share(ofSequence: sequence) != 0 {
      for token in minibatch.tokens(ofSequence: sequence) {
        changes[token] = entropyChange(
          advantage: minibatch.advantages[token], logProbability: minibatch.logProbabilities[token],
          oldLogProbability: minibatch.oldLogProbabilities[token], entropy: entropies[token])
      }
    }
    let counted = changes.compactMap { $0 }
    let (smallest, largest) = (counted.min() ?? 0, counted.max() ?? 0)
    return changes.map { change in
      guard let change else { return 0 }
      guard isLinear else {
        return Float(max(least, exp(log(least) * change / max(largest, 0.02))))
      }
      guard largest > smallest else { return Float((least + greatest) / 2) }
      let part = (change - smallest) / (largest - smallest)
      return Float(greatest - (greatest - least) * part)
    }
  }

  /// Sets the weights and losses of a slice's tokens and adds to the metrics.
  ///
  /// - Throws: `.pluginFault` if a column that was declared as needed or the survey is missing.
  package func weigh(
    _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout MutableSpan<Float>, metrics: inout MetricSums
  ) throws(FulcrumError) {
    try input.require(.advantages, .oldLogProbabilities, .survey, by: Self.manual.name)
    let lambdas = input.survey
    var (sum, tokens) = (0.0, 0)
    input.weighTokens(&weights, &losses, &metrics) { token in
      let factor = Double(lambdas[token.place])
      var term = surrogate.term(of: token)
      term.slope *= factor
      term.value *= factor
      sum += factor
      tokens += 1
      return term
    }
    metrics.add("steer/weight_mean", sum: sum, count: tokens)
  }
}
