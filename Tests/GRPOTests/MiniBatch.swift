import FulcrumKernel
import GRPOPlugin

func makeObjective(_ given: [String: ParameterValue] = [:]) throws -> GRPOObjective {
  let parameters = try Parameters(given, for: GRPOObjective.manual.parameters, at: "objective")
  return try GRPOObjective(parameters, context: ComponentContext())
}

/// A mini-batch in arrays, to be weighed whole or in slices.
struct MiniBatch {
  var current: [Float]
  var old: [Float]
  var reference: [Float] = []
  var advantages: [Float]
  /// Where sequences begin and end.
  var offsets: [Int]

  /// One sequence.
  init(current: [Float], old: [Float], reference: [Float] = [], advantages: [Float]) {
    self.current = current
    self.old = old
    self.reference = reference
    self.advantages = advantages
    offsets = [0, current.count]
  }

  struct Result {
    var weights: [Float] = []
    var losses: [Float] = []
    var metrics = MetricSums()
  }

  /// Weighs runs of adjacent sequences one after the other; `nil`: all in one.
  func weighed(by objective: GRPOObjective, slices: [Range<Int>]? = nil) throws -> Result {
    var result = Result()
    for slice in slices ?? [0..<offsets.count - 1] {
      let tokens = offsets[slice.lowerBound]..<offsets[slice.upperBound]
      var weights = [Float](repeating: 0, count: tokens.count)
      var losses = weights
      let unread = weights
      let scores = TokenScores(
        logProbabilities: current.span.extracting(tokens),
        entropies: unread.span, levers: unread.span)
      let input = ObjectiveInput(
        scores: scores, advantages: advantages.span.extracting(tokens),
        oldLogProbabilities: old.span.extracting(tokens),
        referenceLogProbabilities: reference.isEmpty
          ? reference.span : reference.span.extracting(tokens),
        offsets: offsets.span.extracting(slice.lowerBound..<slice.upperBound + 1),
        minibatchTokenCount: current.count, minibatchSequenceCount: offsets.count - 1)
      var weightSpan = weights.mutableSpan
      var lossSpan = losses.mutableSpan
      try objective.weigh(
        input, weights: &weightSpan, losses: &lossSpan, metrics: &result.metrics)
      result.weights += weights
      result.losses += losses
    }
    return result
  }
}
