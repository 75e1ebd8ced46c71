import A3POPlugin
import AdvantageReweightingPlugin
import DrGRPOPlugin
import EntropyTopPlugin
import FulcrumKernel
import GRPOPlugin
import KLPenaltyPlugin
import PositiveWeightPlugin
import QuantileBaselinePlugin
import RLOOPlugin
import RandomWeightsPlugin
import ReinforcePlusPlusPlugin
import RolloutCorrectionPlugin
import STAPOPlugin
import TRGRPOPlugin
import Testing
import TokenFilterPlugin

/// One entry of a configuration's list `advantage`.
struct Link: Sendable, CustomTestStringConvertible {
  let name: String
  var parameters: [String: ParameterValue] = [:]

  var testDescription: String {
    parameters.sorted { $0.key < $1.key }.reduce(name) { "\($0), \($1.key): \($1.value)" }
  }

  private static let types: [any AdvantageTransform.Type] = [
    AdvantageReweighting.self, BatchWhitening.self, DrGRPO.self, EntropyTop.self,
    GroupAdvantage.self, KLReward.self, LeaveOneOut.self, PolarityShaping.self,
    PositiveWeight.self, ProbabilityWeight.self, QuantileAdvantage.self, RandomWeights.self,
    RolloutCorrection.self, SpuriousTokenMask.self, TokenFilter.self,
  ]

  /// The names of all transforms that the host ships.
  static var allNames: Set<String> { Set(types.map { $0.manual.name }) }

  static func manual(of name: String) -> ComponentManual? {
    types.first { $0.manual.name == name }?.manual
  }

  func make() throws -> any AdvantageTransform {
    let type = try #require(Self.types.first { $0.manual.name == name }, "no transform \(name)")
    let parameters = try Parameters(parameters, for: type.manual.parameters, at: name)
    return try type.init(parameters, context: ComponentContext())
  }
}

/// The advantages that a chain of transforms makes of a batch's rewards, as the trainer runs it.
func advantages(of batch: RolloutBatch, by chain: [Link]) throws -> [Float] {
  var result: [Float] = []
  for sequence in 0..<batch.sequences.sequenceCount {
    let count = batch.sequences.tokens(ofSequence: sequence).count
    result += Array(repeating: batch.rewards[sequence], count: count)
  }
  for link in chain {
    var span = result.mutableSpan
    try link.make().transform(&span, of: batch)
  }
  return result
}
