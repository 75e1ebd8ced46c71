import ASPOPlugin
import AdvantageReweightingPlugin
import ArcherPlugin
import CEGPPOPlugin
import CISPOPlugin
import ClipCovPlugin
import DPPOPlugin
import EntropyBonusPlugin
import FIPOPlugin
import FulcrumKernel
import GMPOPlugin
import GRPOPlugin
import KLCovPlugin
import KLPenaltyPlugin
import LpRegPlugin
import ObjectiveTestSupport
import REALPlugin
import SAPOPlugin
import STEERPlugin
import TestSupport
import Testing

/// Every objective against TRL's and verl's own code on one mini-batch.
@Suite struct ObjectiveGoldenTests {
  private static let types: [any PolicyObjective.Type] = [
    GRPOObjective.self, CISPOObjective.self, ClipCovObjective.self, KLCovObjective.self,
    KLObjective.self, EntropyBonus.self, GMPOObjective.self, FIPOObjective.self,
    REALObjective.self, LpRegObjective.self, SAPOObjective.self, DPPOObjective.self,
    CEGPPOObjective.self, ASPOObjective.self, ArcherObjective.self, STEERObjective.self,
  ]

  private func make(_ settings: [String: GoldenFile.Setting]) throws -> any PolicyObjective {
    guard case .text(let name)? = settings["use"] else {
      throw FulcrumError(.data, "an objective without a name")
    }
    let type = try #require(Self.types.first { $0.manual.name == name })
    let given = settings.filter { $0.key != "use" }.mapValues(\.value)
    let parameters = try Parameters(given, for: type.manual.parameters, at: name)
    return try type.init(parameters, context: ComponentContext())
  }

  @Test(arguments: try GoldenObjectives.allCases())
  func `weights and losses are the peer's`(filed: GoldenObjectives.FiledCase) throws {
    let golden = filed.golden
    let batch = try filed.file.batch(
      advantages: golden.advantages, aggregation: golden.aggregation)
    // As the host does it: weights and losses of the list's objectives are added.
    var slopes = [Double](repeating: 0, count: batch.current.count)
    var sizes = slopes
    var loss = 0.0
    var size = 0.0
    var isSurveyed = false
    for settings in golden.objectives {
      let result = try batch.weighed(by: make(settings))
      let isOfEntropy = golden.slopesOf == "entropies"
      for (token, weight) in (isOfEntropy ? result.entropyWeights : result.weights).enumerated() {
        slopes[token] += Double(weight)
        sizes[token] += Double(abs(weight))
      }
      loss += result.loss
      isSurveyed = isSurveyed || !result.survey.isEmpty
      size += result.losses.reduce(0) { $0 + Double(abs($1)) }
    }
    // Each number is rounded once to Float, by 2^-24 at most; what an objective finds in its survey
    // twice. verl's sequence means divide by the length plus 1e-8. Together below 1e-7 of what is
    // added up, or 1.7e-7. 1e-15 is what the peers lose in 1 − σ(x) near 1.
    let tolerance = isSurveyed ? 1.7e-7 : 1e-7
    if let expected = golden.loss { #expect(abs(loss - expected) <= tolerance * size) }
    #expect(golden.slopes.count == slopes.count)
    for (token, expected) in golden.slopes.enumerated() {
      #expect(
        abs(slopes[token] - expected) <= tolerance * max(sizes[token], abs(expected)) + 1e-15,
        "token \(token): \(slopes[token]) and \(expected)")
    }
  }

  @Test func `every objective and aggregation has a case, on both sides of every clip`() throws {
    let golden = try GoldenObjectives.shared.get()
    let used = Set(
      try GoldenObjectives.allCases().flatMap { $0.golden.objectives }.compactMap {
        settings -> String? in
        if case .text(let name)? = settings["use"] { name } else { nil }
      })
    #expect(used == Set(Self.types.map { $0.manual.name }))
    #expect(Set(golden.cases.map(\.aggregation)) == Set(Aggregation.allCases.map(\.rawValue)))
    let batch = try golden.batch(advantages: "grpo", aggregation: "token-mean")
    let metrics = try batch.weighed(by: make(["use": .text("grpo"), "dual-clip": .number(10)]))
      .metrics
    for name in ["low", "high", "dual"] {
      let share = try #require(metrics.mean("clip_ratio/\(name)_mean"))
      #expect(share > 0 && share < 0.5, "\(name)")
    }
  }

  @Test func `advantages are reweighted as the file's are`() throws {
    let golden = try GoldenObjectives.shared.get()
    let lengths = golden.lengths
    let batch = RolloutBatch(
      sequences: SequenceBatch(
        prompts: [[1]], completions: [lengths.map { Array(repeating: 1, count: $0) }]),
      rewards: lengths.map { _ in 0 }, columns: [.oldLogProbabilities: golden.old])
    let manual = AdvantageReweighting.manual
    let transform = try AdvantageReweighting(
      Parameters(["alpha": .number(0.3)], for: manual.parameters, at: "advantage[1]"),
      context: ComponentContext())
    var advantages = try #require(golden.advantages["grpo"])
    var span = advantages.mutableSpan
    try transform.transform(&span, of: batch)
    for (got, expected) in zip(advantages, try #require(golden.advantages["reweighted"])) {
      // Some Float roundings: of exp, of the sum, of the product.
      #expect(abs(got - expected) <= 3 * expected.ulp)
    }
  }
}
