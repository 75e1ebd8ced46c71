import Foundation
import FulcrumKernel
import Microscope
import Training

/// A policy to work by hand: every token is drawn from one distribution, whatever is before it; its
/// parameters are the three logits, and an update is plain ascent.
final class TablePolicy: SnapshotPolicy, ActivationGradientPolicy {
  static let manual = ComponentManual(name: "table", summary: "three logits", source: "tests")

  private(set) var logits = [0.55, 0.3, 0.15].map { log($0) }
  private var gradient = [0.0, 0.0, 0.0]
  /// Names what it reports of gradients at its layers.
  enum Telling { case soundly, not, beyondBounds, notFinite, tooFew, tooFewOwn, otherLayers }
  var telling = Telling.soundly
  /// Whether a restore changes nothing.
  var forgetsSnapshots = false

  init(_ parameters: Parameters, context: ComponentContext) {}
  init() {}

  var summary: String { "table" }
  var contextLength: Int { 32 }
  var endToken: Int32 { 2 }
  var probabilities: [Double] {
    let total = logits.map { exp($0) }.reduce(0, +)
    return logits.map { exp($0) / total }
  }

  func encode(_ text: String) -> [Int32] { [0] }
  func decode(_ tokens: [Int32], keepingSpecialTokens: Bool) -> String { "" }

  func generate(_ request: GenerationRequest) throws(FulcrumError) -> Generation {
    throw FulcrumError(.unsupported, "the tests' batches are written down")
  }

  func score(
    _ batch: SequenceBatch, sequences: Range<Int>, request: ScoreRequest,
    visit: (Range<Int>, borrowing TokenScores) throws(FulcrumError) -> Void
  ) throws(FulcrumError) {
    let tokens = batch.tokens(ofSequences: sequences)
    let (logs, levers) = columns(batch, Array(tokens))
    let entropies = [Float](repeating: 0, count: logs.count)
    try visit(
      tokens,
      TokenScores(logProbabilities: logs.span, entropies: entropies.span, levers: levers.span))
  }

  func accumulateGradient(
    of batch: SequenceBatch, sequences: Range<Int>, request: ScoreRequest,
    participants: TokenMask,
    weigh: (Span<Int>, borrowing TokenScores, inout MutableSpan<Float>) throws(FulcrumError) -> Void
  ) throws(FulcrumError) {
    let places = batch.tokens(ofSequences: sequences).filter(participants.contains)
    let (logs, levers) = columns(batch, places)
    let entropies = [Float](repeating: 0, count: logs.count)
    var weights = entropies
    var span = weights.mutableSpan
    try weigh(
      places.span,
      TokenScores(logProbabilities: logs.span, entropies: entropies.span, levers: levers.span),
      &span)
    let tokens = batch.tokens
    for (weight, place) in zip(weights, places) {
      for (k, probability) in probabilities.enumerated() {
        gradient[k] += Double(weight) * ((k == Int(tokens[place]) ? 1 : 0) - probability)
      }
    }
  }

  private func columns(_ batch: SequenceBatch, _ places: [Int]) -> (
    logs: [Float], levers: [Float]
  ) {
    let (all, tokens) = (probabilities, batch.tokens)
    var logs: [Float] = []
    var levers: [Float] = []
    for place in places {
      let token = Int(tokens[place])
      logs.append(Float(log(all[token])))
      let squares = all.enumerated().reduce(0.0) { sum, other in
        let part = (other.offset == token ? 1 : 0) - other.element
        return sum + part * part
      }
      levers.append(Float(squares.squareRoot()))
    }
    return (logs, levers)
  }

  /// (1 − π)² at the embedding, of which 0.36 of the square is the own position's; 3 (1 − π) at the
  /// first layer; and the lever at the logits.
  func activationGradients(
    of tokens: [Int], in batch: SequenceBatch, temperature: Float
  ) throws(FulcrumError) -> ActivationGradients {
    if telling == .not {
      throw FulcrumError(.unsupported, "the policy can't tell gradients", at: "table")
    }
    let (_, levers) = columns(batch, Array(0..<batch.tokenCount))
    var norms: [Float] = []
    var own: [Float] = []
    for token in tokens {
      let rest = Float(1 - probabilities[Int(batch.tokens[token])])
      let stretch: Float = telling == .beyondBounds ? 1.2 : telling == .notFinite ? .nan : 1
      norms += [rest * rest, 3 * rest, levers[token] * stretch / temperature]
      own += [0.6 * rest * rest, 3 * rest, levers[token] * stretch / temperature]
    }
    if telling == .tooFewOwn { own.removeLast() }
    if telling == .tooFew { (norms, own) = (norms.dropLast(3), own.dropLast(3)) }
    return ActivationGradients(
      layers: ["embedding", telling == .otherLayers ? "block 1" : "layer 1", "logits"],
      norms: norms, ownNorms: own)
  }

  func applyGradient(learningRate: Double) -> GradientReport {
    let norm = gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
    for k in logits.indices { logits[k] += learningRate * gradient[k] }
    discardGradient()
    return GradientReport(norm: norm, isClipped: false)
  }

  func discardGradient() { gradient = [0, 0, 0] }
  func save(to directory: String) {}
  func saveOptimizer(to directory: String) {}
  func loadOptimizer(from directory: String) {}

  private final class Snapshot: PolicySnapshot {
    let logits: [Double]
    init(_ logits: [Double]) { self.logits = logits }
  }

  func snapshot() -> any PolicySnapshot { Snapshot(logits) }

  func restore(_ snapshot: any PolicySnapshot) throws(FulcrumError) {
    discardGradient()
    guard !forgetsSnapshots else { return }
    guard let snapshot = snapshot as? Snapshot else {
      throw FulcrumError(.usage, "expected a snapshot of a table")
    }
    logits = snapshot.logits
  }
}

/// w = A/N.
struct MeanObjective: PolicyObjective {
  static let manual = ComponentManual(name: "mean", summary: "A log π", source: "tests")
  init(_ parameters: Parameters, context: ComponentContext) {}
  init() {}

  func weigh(
    _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout MutableSpan<Float>, metrics: inout MetricSums
  ) {
    let advantages = input.advantages
    for i in weights.indices { weights[i] = advantages[i] / Float(input.minibatchTokenCount) }
  }
}

/// Tokens 0, 1, 2 with advantage 1, and tokens 0, 0, 2 with advantage −2. By probability, token 0 is
/// in the third interval, 1 in the second and 2 in the first.
enum HandBatch {
  static var rollout: Rollout {
    rollout([[0, 1, 2], [0, 0, 2]], rewards: [1, -2])
  }

  /// The same without token 1, with advantages 2 and −1.
  static var rolloutOfTwoTokens: Rollout {
    rollout([[0, 0, 2], [0, 0, 2]], rewards: [2, -1])
  }

  private static func rollout(_ completions: [[Int32]], rewards: [Double]) -> Rollout {
    Rollout(
      items: [TaskItem(id: "item", prompt: "p", answer: "", category: "all")],
      sequences: SequenceBatch(prompts: [[0]], completions: [completions]),
      logProbabilities: [Float](repeating: 0, count: 6), isFinished: [true, true],
      completions: ["", ""],
      scores: [
        rewards.map { RewardScore.scored($0, $0 > 0 ? .correct : .badFormat) }
      ], rewardWeights: [1])
  }

  static func components(_ policy: TablePolicy) -> StepComponents {
    StepComponents(
      policy: policy, transforms: [], scheduler: nil,
      objectives: ObjectiveSum([Named("objective", name: "mean", component: MeanObjective())]),
      options: UpdateOptions(minibatchPrompts: 1))
  }

  /// - Parameter updated: takes the updates.
  static func microscope(
    learningRate: Double, layerTokens: Int = 64, policy: TablePolicy = TablePolicy(),
    updated: TablePolicy = TablePolicy()
  ) throws(FulcrumError) -> Microscope {
    let components = components(policy)
    return Microscope(
      policy: policy, experiment: try Experiment(updated, learningRate: learningRate),
      components: components, arms: [ArmComponents(name: "plain", components: components)],
      vocabulary: 3, layerSample: LayerSample(tokensByInterval: layerTokens, seed: 1))
  }

  static func look(_ microscope: Microscope, batches: Int = 1) throws(FulcrumError)
    -> Microscope.Findings
  {
    try microscope.look(batches: batches, next: { () throws(FulcrumError) in (rollout, 1) })
  }
}
