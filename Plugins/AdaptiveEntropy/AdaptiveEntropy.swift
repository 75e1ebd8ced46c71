import FulcrumKernel
import ObjectiveParts

/// Holds the policy's entropy at a target: J = Σ share · c · H_t while the entropy is below it.
///
/// Before each step, with e the mean of H over the batch's tokens: c grows by `delta` where e is below
/// the target, else shrinks by it, within its bounds; c counts only in steps with e below the target.
///
/// - Shape: one weight v = ∂J/∂H and one loss for each token; zeros for sequences of share 0.
/// - Unit: nats, at the rollout temperature; c in advantage per nat.
/// - Numerics: means in `Double`; each token in `Double`, rounded once.
/// - Source: Skywork-OR1, arXiv 2505.22312, "adaptive entropy control".
/// - Complexity: O(tokens), no allocation.
package final class AdaptiveEntropy: EntropyObjective, StatefulComponent {
  package static let manual = ComponentManual(
    name: "adaptive-entropy",
    summary: "an entropy bonus whose coefficient follows a target for the entropy",
    source: "arXiv 2505.22312 (Skywork-OR1), adaptive entropy control",
    formula: "v = c on ∇H where mean H < target, else 0; c ± delta a step; w = 0",
    parameters: [
      .number("target", default: 0.2, in: 0...20, help: "the entropy to stay at, nats a token"),
      .number("delta", default: 1e-4, in: 0...1, help: "how much the coefficient moves in a step"),
      .number("initial", default: 0, in: 0...1, help: "the coefficient before the first step"),
      .number("maximum", default: 5e-3, in: 0...10, help: "the coefficient's upper bound"),
      .number("minimum", default: 0, in: 0...10, help: "its lower bound"),
    ])

  package let needs: Set<Column> = [.entropies]
  package let isTokenwise = true
  private let (target, delta, minimum, maximum): (Double, Double, Double, Double)
  private var coefficient: Double
  /// Whether the step's entropy is below the target.
  private var isOn = false

  /// - Throws: `.parameter` for bounds that leave no room, or an initial value outside them.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    target = try parameters.number("target")
    delta = try parameters.number("delta")
    minimum = try parameters.number("minimum")
    maximum = try parameters.number("maximum")
    coefficient = try parameters.number("initial")
    guard minimum <= coefficient, coefficient <= maximum else {
      throw parameters.refuse(
        "initial",
        "expected a number from the minimum, \(minimum), to the maximum, \(maximum), got \(coefficient)",
        hint: "the coefficient begins within its bounds")
    }
  }

  /// Moves the coefficient by the entropy of the policy that the step begins with.
  ///
  /// - Throws: `.notFinite` if an entropy is not a number.
  package func begin(_ batch: RolloutBatch) throws(FulcrumError) {
    let entropies = try batch.column(.entropies)
    guard !entropies.isEmpty else { return }
    var sum = 0.0
    for token in entropies.indices { sum += Double(entropies[token]) }
    let mean = sum / Double(entropies.count)
    guard mean.isFinite else {
      throw FulcrumError(.notFinite, "expected finite entropies, got a mean of \(mean)")
    }
    isOn = mean < target
    coefficient = min(max(coefficient + (isOn ? delta : -delta), minimum), maximum)
  }

  package var state: [String: Double] { ["coefficient": coefficient, "on": isOn ? 1 : 0] }

  package func restore(_ state: [String: Double]) throws(FulcrumError) {
    guard let coefficient = state["coefficient"], let on = state["on"] else {
      throw FulcrumError(
        .checkpoint, "expected 'coefficient' and 'on', got \(state.keys.sorted())")
    }
    self.coefficient = min(max(coefficient, minimum), maximum)
    isOn = on != 0
  }

  /// Leaves everything as it is: the bonus is no function of log π of the drawn token alone.
  package func weigh(
    _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout MutableSpan<Float>, metrics: inout MetricSums
  ) throws(FulcrumError) {}

  /// Sets the weights on the entropies and the losses of a slice's tokens.
  ///
  /// - Throws: `.pluginFault` if the policy gave no entropies.
  package func weighEntropy(
    _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout MutableSpan<Float>, metrics: inout MetricSums
  ) throws(FulcrumError) {
    try input.require(.entropies, by: Self.manual.name)
    for sequence in 0..<input.sequenceCount {
      let share = input.share(ofSequence: sequence)
      let tokens = input.tokens(ofSequence: sequence)
      if share == 0 { continue }
      metrics.add(
        "adaptive_entropy/coefficient", sum: coefficient * Double(tokens.count),
        count: tokens.count)
      guard isOn else { continue }
      for token in tokens {
        weights[token] = Float(coefficient * share)
        losses[token] = Float(-coefficient * share * Double(input.entropies[token]))
      }
    }
  }
}
