import AdvantageReweightingPlugin
import EntropyBonusPlugin
import Foundation
import FulcrumKernel
import GRPOPlugin
import KLPenaltyPlugin
import LoptiPlugin
import MethodCurves
import Testing
import TokenFilterPlugin

/// Curves of plugins whose formulas are known, at places worked by hand.
@Suite struct WeightTests {
  @Test func `reweighting draws α π + 1 − α`() throws {
    let method = Trials.method(.advantageTransform, AdvantageReweighting.self)
    let portrait = try #require(method.curves)
    #expect(portrait.measure == .factor && portrait.byRatio == nil)
    for curve in [portrait.onPolicy.positive, portrait.onPolicy.negative] {
      // 0.3 · 0.01 + 0.7, 0.3 · 0.51 + 0.7, 0.3 · 0.99 + 0.7.
      #expect(isNear(curve.at(0.01), 0.703))
      #expect(isNear(curve.at(0.51), 0.853))
      #expect(isNear(curve.at(0.99), 0.997))
      #expect(curve.points.allSatisfy { $0.low == $0.high })
    }
    #expect(method.reads == ["old-log-probabilities"])
    // Below 0.25 stand 0.001, 0.01, 0.03 … 0.23: their mean is (0.001 + 12 · 0.12) / 13 = 0.11085,
    // so 0.73325; from 0.75 on the mean is 0.87, so 0.961.
    let favour = Favour(portrait)
    #expect(isNear(favour.positive.unlikely.size, 0.7 + 0.3 * 1.441 / 13))
    #expect(isNear(favour.negative.likely.size, 0.961))
    // Between: 0.25, 0.27 … 0.73, whose mean is 0.49.
    #expect(isNear(favour.negative.between.size, 0.847))
    #expect(favour.positive.all == nil)
    #expect(method.verdict == "unlikely ×0.73, between ×0.85, likely ×0.96")
  }

  @Test func `one sign alone is said`() {
    let method = Trials.method(
      .advantageTransform, AdvantageReweighting.self, ["negative-only": .flag(true)])
    #expect(
      method.verdict == "A > 0: all as in GRPO; A < 0: unlikely ×0.73, between ×0.85, likely ×0.96")
  }

  @Test func `a filter keeps its interval and needs its ends`() throws {
    let method = Trials.method(
      .advantageTransform, TokenFilter.self, ["from": .number(0.25), "to": .number(0.5)])
    let curve = try #require(method.curves).onPolicy.positive
    #expect(curve.points.filter { $0.mean != 0 }.map(\.x).allSatisfy { (0.25..<0.5).contains($0) })
    #expect(curve.at(0.25) == 1 && curve.at(0.49) == 1)
    #expect(method.given == "from 0.25, to 0.5")
    let without = Trials.method(.advantageTransform, TokenFilter.self)
    #expect(
      without.verdict == "give --set token-filter.from=… and --set token-filter.to=…")
    #expect(without.error == nil)
  }

  @Test func `GRPO's clip shows where it acts`() throws {
    let method = Trials.method(.policyObjective, GRPOObjective.self)
    let portrait = try #require(method.curves)
    #expect(portrait.onPolicy.positive.points.allSatisfy { isNear($0.mean, 1) })
    let ratios = try #require(portrait.byRatio)
    // In fortieths of powers of 2: 11.45 is 1.2195, inside 1 + 0.24, and 12.45 is 1.2408, outside; −12.55
    // is 0.8046, inside 1 − 0.2, and −13.55 is 0.7907, outside.
    #expect(isNear(ratios.positive.at(1.2195), pow(2, 11.45 / 40)))
    #expect(ratios.positive.at(1.2408) == 0)
    #expect(isNear(ratios.positive.at(0.25), pow(2, -1.95)))
    #expect(isNear(ratios.negative.at(0.8046), pow(2, -12.55 / 40)))
    #expect(ratios.negative.at(0.7907) == 0)
    #expect(isNear(ratios.negative.at(4), pow(2, 1.95)))
  }

  @Test func `clips of 0.24 and 0.28 have other numbers`() throws {
    func beyond(_ given: [String: ParameterValue]) throws -> Double {
      let method = Trials.method(.policyObjective, GRPOObjective.self, given)
      let portrait = try #require(method.curves)
      return try #require(Favour(portrait).positive.beyond).size
    }
    let (usual, higher) = (try beyond([:]), try beyond(["clip-high": .number(0.28)]))
    // The place at 2^(11.45/40) = 1.2195 goes from 1.2 to 2^(11.95/40), the last one ends at 2^1.95.
    let width = log(pow(2, 1.95) / 1.2)
    #expect(isNear(usual, pow(2, 11.45 / 40) * log(pow(2, 11.95 / 40) / 1.2) / width))
    // Two more places below 1.28, of 2^(1/40) each.
    let more = (pow(2, 12.45 / 40) + pow(2, 13.45 / 40)) * log(2) / 40 / width
    #expect(isNear(higher, usual + more))
  }

  @Test func `a sequence's ratio is drawn as a token's`() throws {
    let method = Trials.method(
      .policyObjective, GRPOObjective.self, ["importance-ratio": .text("sequence")])
    let ratios = try #require(method.curves?.byRatio)
    #expect(isNear(ratios.negative.at(3.9), pow(2, 1.95), 1e-4))
    #expect(ratios.positive.at(2) == 0)
  }

  @Test func `a penalty has no advantage in it`() throws {
    let method = Trials.method(.policyObjective, KLObjective.self, ["beta": .number(1)])
    let portrait = try #require(method.curves)
    #expect(portrait.isWithoutAdvantage)
    let curve = try #require(portrait.byRatio?.positive)
    // β (π_ref/π − 1) with π_ref = π_old is 1/r − 1.
    #expect(isNear(curve.at(0.25), pow(2, 1.95) - 1, 1e-4))
    #expect(isNear(curve.at(1), 0, 1e-4))
    #expect(isNear(curve.at(4), pow(2, -1.95) - 1, 1e-4))
    #expect(method.verdict.hasSuffix("w = 2.9 at r = 0.26 and −0.74 at r = 3.9"))
  }

  @Test func `a bonus has a line of its own`() throws {
    let method = Trials.method(.policyObjective, EntropyBonus.self, ["coefficient": .number(0.5)])
    let portrait = try #require(method.curves)
    #expect(portrait.onPolicy.positive.points.allSatisfy { $0.mean == 0 })
    let further = try #require(portrait.furtherOnPolicy.first)
    #expect(further.name == "v on ∇H")
    // The same for either sign.
    #expect(isNear(further.curves.positive.at(0.5), 0.5))
    #expect(isNear(further.curves.negative.at(0.5), 0.5))
    #expect(method.verdict == "no weight on ∇ log π; v on ∇H 0.5")
    #expect(method.reads == ["∇H"])
  }

  @Test func `a baseline is told from a factor`() throws {
    let method = Trials.method(.advantageTransform, GroupAdvantage.self)
    let portrait = try #require(method.curves)
    #expect(portrait.measure == .baseline)
    #expect(method.reads == ["its group's returns"])
    let point = try #require(portrait.onPolicy.positive.points.first)
    // 1 / std of eight returns, of which four are 1: √(7 / 2) = 1.8708; or two, or six: √(7 / 1.5).
    #expect(isNear(point.low, 3.5.squareRoot(), 1e-4))
    #expect(isNear(point.high, (7 / 1.5).squareRoot(), 1e-4))
    #expect(isNear(point.mean, (3.5.squareRoot() + (7 / 1.5).squareRoot()) / 2, 1e-4))
  }

  @Test func `a schedule's phases have their tokens`() throws {
    let method = Trials.method(.updateScheduler, Lopti.self)
    let phases = try #require(method.curves?.phases)
    #expect(phases.map(\.name) == ["low", "high"])
    #expect(phases[0].share.at(0.49) == 1 && phases[0].share.at(0.51) == 0)
    #expect(phases[1].share.at(0.49) == 0 && phases[1].share.at(0.51) == 1)
    #expect(
      method.verdict
        == "low: 100 % of the unlikely, 0 % of the likely; high: 0 % of the unlikely, 100 % of the"
        + " likely")
  }

  @Test func `whatever depends on chance or entropy has a band`() throws {
    let method = MadeTransform.method { advantage, probability in
      advantage * (probability > 0.5 ? 2 : 1)
    }
    let curve = try #require(method.curves).onPolicy.positive
    #expect(curve.at(0.49) == 1 && curve.at(0.51) == 2)
    #expect(curve.points.allSatisfy { $0.low == $0.high })
  }
}
