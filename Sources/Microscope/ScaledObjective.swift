import FulcrumKernel

/// Multiplies another objective's weights by a factor, and so the gradient that the policy accumulates.
/// Losses and metrics are the objective's own.
struct ScaledObjective: PolicyObjective {
  static let manual = ComponentManual(
    name: "scaled", summary: "Another objective's weights, times a factor.", source: "Fulcrum")

  private let objective: any PolicyObjective
  private let factor: Float

  /// Refuses a configuration: the objective to scale is handed over.
  init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    throw FulcrumError(.unsupported, "expected an objective to scale", at: Self.manual.name)
  }

  init(_ objective: any PolicyObjective, by factor: Double) {
    self.objective = objective
    self.factor = Float(factor)
  }

  var needs: Set<Column> { objective.needs }
  var weighsEntropy: Bool { objective.weighsEntropy }
  var surveysMinibatch: Bool { objective.surveysMinibatch }

  func weigh(
    _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout MutableSpan<Float>, metrics: inout MetricSums
  ) throws(FulcrumError) {
    try objective.weigh(input, weights: &weights, losses: &losses, metrics: &metrics)
    for token in weights.indices { weights[token] *= factor }
  }

  func weighEntropy(
    _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout MutableSpan<Float>, metrics: inout MetricSums
  ) throws(FulcrumError) {
    try objective.weighEntropy(input, weights: &weights, losses: &losses, metrics: &metrics)
    for token in weights.indices { weights[token] *= factor }
  }

  func survey(_ minibatch: borrowing ObjectiveInput) throws(FulcrumError) -> [Float] {
    try objective.survey(minibatch)
  }
}
