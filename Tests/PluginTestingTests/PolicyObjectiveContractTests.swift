import FulcrumKernel
import PluginTesting
import Testing

/// J = Σ share · [A' log π + |log π − log π_old| + x H], where A' is the advantage less the
/// mini-batch's mean; each part of it can be made wrong.
struct TrialObjective: EntropyObjective, SurveyingObjective {
  enum Mistake: Sendable {
    case none, refusesEmpty, squares, shortSurvey, ownDenominator, noShare, rootShare, wrongSign
    case slightlySteep, ownMean, doubleEntropy, writesInput, jumps
    case leansOnNeighbour, countsPieces, readsUndeclared, asksForNothing
  }

  static let manual = ideaManual
  let needs: Set<Column>
  let isTokenwise = true
  private let coefficient: Double
  private let mistake: Mistake

  init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    try self.init(parameters, .none)
  }

  init(_ parameters: Parameters, _ mistake: Mistake) throws(FulcrumError) {
    coefficient = try parameters.number("x")
    self.mistake = mistake
    needs = [
      .oldLogProbabilities, Column(.current, .rank),
      mistake == .asksForNothing ? .topTokens(0) : .topTokens(2),
    ]
  }

  func survey(_ minibatch: borrowing ObjectiveInput) throws(FulcrumError) -> [Float] {
    let mean = Self.mean(of: minibatch)
    let count = max(0, minibatch.tokenCount - (mistake == .shortSurvey ? 1 : 0))
    return [Float](repeating: Float(mean), count: count)
  }

  private static func mean(of input: borrowing ObjectiveInput) -> Double {
    var sum = 0.0
    for token in 0..<input.tokenCount { sum += Double(input.advantages[token]) }
    return sum / Double(max(1, input.tokenCount))
  }

  private func share(_ sequence: Int, of input: borrowing ObjectiveInput) -> Double {
    if mistake == .noShare { return 1 / Double(max(1, input.minibatchTokenCount)) }
    if mistake == .ownDenominator { return 1 / Double(max(1, input.tokenCount)) }
    let share = input.share(ofSequence: sequence)
    return mistake == .rootShare ? share.squareRoot() : share
  }

  func weigh(
    _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout MutableSpan<Float>, metrics: inout MetricSums
  ) throws(FulcrumError) {
    if mistake == .refusesEmpty, input.tokenCount == 0 { throw FulcrumError(.data, "no tokens") }
    if mistake == .writesInput { overwrite(input.advantages) }
    let own = mistake == .ownMean ? Self.mean(of: input) : nil
    if mistake == .countsPieces {
      metrics.add("tokens", sum: Double(input.tokenCount), count: 1)
    }
    let reference = input.referenceLogProbabilities
    let ranks = try input.column(Column(.current, .rank))
    metrics.add("rank", sum: ranks.indices.reduce(0) { $0 + Double(ranks[$1]) }, count: ranks.count)
    for sequence in 0..<input.sequenceCount {
      let share = share(sequence, of: input)
      if share == 0 { continue }
      for token in input.tokens(ofSequence: sequence) {
        let log = Double(input.logProbabilities[token])
        let drift = log - Double(input.oldLogProbabilities[token])
        let mean = Double(input.survey[token])
        let advantage = Double(input.advantages[token]) - (own ?? mean)
        var weight = advantage + (drift == 0 ? 0 : drift > 0 ? 1 : -1)
        var gain = advantage * log + abs(drift)
        if mistake == .readsUndeclared, !reference.isEmpty { weight += Double(reference[token]) }
        if mistake == .leansOnNeighbour {
          weight += Double(input.advantages[max(0, token - 1)])
        }
        switch mistake {
        case .squares:
          gain = 1e25 * log * log * log * log * log * log * log * log * log * log
        case .wrongSign: weight = -weight
        case .slightlySteep: weight *= 1.01
        // A loss that only moves in steps has a corner everywhere and a slope nowhere.
        case .jumps: gain = (gain * 256).rounded() / 256 + (log * 1024).remainder(dividingBy: 3)
        default: break
        }
        weights[token] = Float(weight * share)
        losses[token] = Float(-gain * share)
      }
    }
  }

  func weighEntropy(
    _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout MutableSpan<Float>, metrics: inout MetricSums
  ) throws(FulcrumError) {
    for sequence in 0..<input.sequenceCount {
      let weight = coefficient * share(sequence, of: input)
      for token in input.tokens(ofSequence: sequence) {
        weights[token] = Float(mistake == .doubleEntropy ? 2 * weight : weight)
        losses[token] = Float(-weight * Double(input.entropies[token]))
      }
    }
  }
}

/// REINFORCE with a factor that is held constant: its loss is −w log π.
struct ConstantFactorObjective: PolicyObjective {
  static let manual = ideaManual
  let needs: Set<Column> = [.oldLogProbabilities]

  init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {}

  func weigh(
    _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout MutableSpan<Float>, metrics: inout MetricSums
  ) throws(FulcrumError) {
    for sequence in 0..<input.sequenceCount {
      let share = input.share(ofSequence: sequence)
      for token in input.tokens(ofSequence: sequence) {
        let log = Double(input.logProbabilities[token])
        let drift = log - Double(input.oldLogProbabilities[token])
        let weight = share * Double(input.advantages[token]) * max(0, min(1 + drift, 2))
        weights[token] = Float(weight)
        losses[token] = Float(-weight * log)
      }
    }
  }
}

@Suite struct PolicyObjectiveContractTests {
  private static func checks(_ mistake: TrialObjective.Mistake) -> [ContractCheck] {
    PluginContract.checks(policyObjective: ideaManual, [:], type: TrialObjective.self) {
      (parameters, _) throws(FulcrumError) in try TrialObjective(parameters, mistake)
    }
  }

  static let broken = [
    Broken(
      "refuses a slice without tokens", "an empty mini-batch is accepted",
      "expected a mini-batch without sequences to be accepted, got: no tokens",
      checks(.refusesEmpty)),
    Broken(
      "has losses beyond Float", "finite input gives finite weights, losses and metrics",
      "expected finite losses of a mini-batch of extreme values, got -inf for token 0",
      checks(.squares)),
    Broken(
      "surveys too few tokens", "a survey has one value for each token",
      "expected the hand-sized mini-batch to be accepted, got: expected a survey of 4 tokens, got 3"
        + " values", checks(.shortSurvey)),
    Broken(
      "divides by the piece's tokens", "pieces of whole sequences weigh as the whole does",
      "expected the same bits whole and in 2 pieces, got other weights of the hand-sized mini-batch,"
        + " element 0: ", checks(.ownDenominator)),
    Broken(
      "takes the piece's mean for the whole's", "pieces of whole sequences weigh as the whole does",
      "expected the same bits whole and in 2 pieces, got other weights of the hand-sized mini-batch,"
        + " element 0: ", checks(.ownMean)),
    Broken(
      "ignores shares", "tokens of share 0 have weights and losses of 0",
      "expected weights and losses of 0 for token 0 of the hand-sized mini-batch, whose share is 0,"
        + " got weights ", checks(.noShare)),
    Broken(
      "takes a share's root", "weights are in proportion to the shares",
      "weights of the hand-sized mini-batch with half the shares, element 0: expected ",
      checks(.rootShare)),
    Broken(
      "has weights of the wrong sign", "weights are minus the slopes of the losses",
      "expected a weight of ", checks(.wrongSign)),
    Broken(
      "has weights that are off by a hundredth", "weights are minus the slopes of the losses",
      "expected a weight of ", checks(.slightlySteep)),
    Broken(
      "has losses that jump", "weights are minus the slopes of the losses", "expected ",
      checks(.jumps)),
    Broken(
      "has entropy weights that are twice too large",
      "entropy weights are minus the slopes of the entropy losses",
      "expected a weight of 0.01", checks(.doubleEntropy)),
    Broken(
      "asks for no tokens at all", "the declared columns are columns that a host computes",
      "expected columns that there are, got 'top-tokens(0)' in 'needs'", checks(.asksForNothing)),
    Broken(
      "uses a column that it doesn't declare where there is one",
      "the declared columns are all that is read",
      "expected the same bits with the declared columns and with all of them, got other weights of the"
        + " hand-sized mini-batch, element 0: ", checks(.readsUndeclared)),
    Broken(
      "looks at the token before", tokenwise,
      "expected the same bits with the others as they are and disturbed, got other weights of the kept"
        + " tokens of the hand-sized mini-batch, element ", checks(.leansOnNeighbour)),
    Broken(
      "reports how many tokens it was given", tokenwise,
      "expected the metric 'tokens' of the hand-sized mini-batch to be the same from two halves of its"
        + " tokens, got 4.0 and 2.0", checks(.countsPieces)),
    Broken(
      "writes to the advantages", "the input is left as it was",
      "expected the same bits in the hand-sized mini-batch before and after the call, got other"
        + " advantages, element 0: 1.0 and then 2.0", checks(.writesInput)),
  ]

  private static let tokenwise =
    "an objective that is tokenwise needs no other token to weigh one"

  @Test(arguments: broken)
  func `a mistake is caught by its check`(broken: Broken) throws { try broken.expectCaught() }

  @Test func `sound objectives pass, corners, surveys and entropies included`() {
    expectKept(PluginContract.checks(for: TrialObjective.self))
    expectKept(PluginContract.checks(for: TrialObjective.self, ["x": .number(0)]))
    expectKept(Self.checks(.none))
  }

  @Test func `a factor that is held constant passes where the loss is -w log π`() {
    expectKept(PluginContract.checks(for: ConstantFactorObjective.self))
  }

  @Test func `every check has its mistake`() {
    let names = PluginContract.checks(for: TrialObjective.self).map(\.name)
    #expect(Set(names).count == names.count)
    #expect(Set(names) == Set((Self.broken + CommonContractTests.broken).map(\.check)))
    let capabilities = [
      "a survey has one value for each token",
      "entropy weights are minus the slopes of the entropy losses",
    ]
    #expect(
      PluginContract.checks(for: ConstantFactorObjective.self).map(\.name)
        == names.filter { !capabilities.contains($0) })
  }
}
