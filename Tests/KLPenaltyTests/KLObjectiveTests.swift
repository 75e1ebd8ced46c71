import Foundation
import FulcrumKernel
import KLPenaltyPlugin
import ObjectiveTestSupport
import Testing

private func makeObjective(_ given: [String: ParameterValue] = [:]) throws -> KLObjective {
  let parameters = try Parameters(given, for: KLObjective.manual.parameters, at: "objective[1]")
  return try KLObjective(parameters, context: ComponentContext())
}

/// A mini-batch of one sequence, of which only the present policy and the reference matter.
private func batch(current: [Float], reference: [Float]) -> MiniBatch {
  MiniBatch(
    current: current, old: [], reference: reference,
    advantages: Array(repeating: 1, count: current.count))
}

/// One token's estimate, as verl and the paper's code write it, in Double.
private struct EstimateOracle {
  var kind = "k3"
  var isClamped = true

  func value(_ current: Double, reference: Double) -> Double {
    var x = reference - current
    if isClamped { x = Swift.min(5, Swift.max(-5, x)) }
    let k =
      switch kind {
      case "k1": -x
      case "k2": 0.5 * pow(x, 2)
      default: exp(x) - x - 1
      }
    return isClamped ? Swift.min(10, Swift.max(-10, k)) : k
  }
}

@Suite struct KLObjectiveTests {
  @Test func `the KL pulls towards the reference by beta times the ratio less one`() throws {
    // x = log 2 (to Float): k = 2 - log 2 - 1, pull 2 - 1; x = -log 2: k = 1/2 + log 2 - 1, -1/2.
    let logTwo = Float(log(2.0))
    let batch = batch(current: [-1 - logTwo, -1], reference: [-1, -1 - logTwo])
    let result = try batch.weighed(by: makeObjective(["beta": .number(4)]))
    // N = 2. -1 - log 2 rounds at 2^-24 of 2, which e^x carries on: a few 1e-7.
    #expect(abs(result.weights[0] - 2) < 1e-6)
    #expect(abs(result.weights[1] + 1) < 1e-6)
    #expect(abs(Double(result.losses[0]) - 2 * (1 - log(2.0))) < 1e-6)
    #expect(abs(Double(result.losses[1]) - 2 * (log(2.0) - 0.5)) < 1e-6)
    let kl = try #require(result.metrics.mean("kl"))
    // Half of (1 - log 2) + (log 2 - 1/2) = 1/4.
    #expect(abs(kl - 0.25) < 1e-6)
    #expect(Array(result.metrics.entries.keys) == ["kl"])
  }

  @Test func `far from the reference the clamped KL is flat`() throws {
    // x = 6, 3, 2, -5, -6 with beta 5 and N = 5: k is held at 10 for the first two, since already
    // e^3 - 4 > 10; at x = -5, the clamp's edge, the gradient still flows.
    let batch = batch(current: Array(repeating: -7, count: 5), reference: [-1, -4, -5, -12, -13])
    let clamped = try batch.weighed(by: makeObjective(["beta": .number(5)]))
    let edge = exp(-5.0)
    expectClose(clamped.weights, [0, 0, exp(2) - 1, edge - 1, 0])
    expectClose(clamped.losses, [10, 10, exp(2) - 3, edge + 4, edge + 4])
    let free = try batch.weighed(
      by: makeObjective(["beta": .number(5), "clamp": .flag(false)]))
    let x: [Double] = [6, 3, 2, -5, -6]
    expectClose(free.weights, x.map { exp($0) - 1 })
    expectClose(free.losses, x.map { exp($0) - $0 - 1 })
  }

  @Test func `as a loss k1 pulls every token down alike`() throws {
    // beta / N = 1/2 downwards, whichever side the reference is on.
    let batch = batch(current: [-1, -3], reference: [-2, -1])
    let result = try batch.weighed(
      by: makeObjective(["beta": .number(1), "estimator": .text("k1")]))
    #expect(result.weights == [-0.5, -0.5])
    #expect(result.losses == [0.5, -1])
  }

  @Test func `the gradient of k2 can go with the value of k3`() throws {
    // x = -1 and 2, N = 2: the pull is x, the loss that of k3.
    let batch = batch(current: [-1, -3], reference: [-2, -1])
    let given: [String: ParameterValue] = ["beta": .number(1), "gradient": .text("k2")]
    let result = try batch.weighed(by: makeObjective(given))
    #expect(result.weights == [-0.5, 1])
    let own = try batch.weighed(by: makeObjective(["beta": .number(1)]))
    #expect(result.losses == own.losses)
    #expect(own.weights != result.weights)
    // With k2 itself it is the estimator's own.
    let second = try batch.weighed(
      by: makeObjective(["beta": .number(1), "estimator": .text("k2")]))
    #expect(second.weights == result.weights)
    #expect(second.losses == [0.25, 1])
  }

  @Test(arguments: ["k1", "k2", "k3"], Aggregation.allCases)
  func `random batches agree with differences of the oracle`(
    kind: String, aggregation: Aggregation
  ) throws {
    for isClamped in [true, false] {
      for seed in 1...2 as ClosedRange<UInt64> {
        var batch = MiniBatch.random(
          seed: seed, referenceDrift: -7...7, lengths: [7, 0, 13, 1, 60, 20])
        batch.shares = aggregation.shares(lengths: batch.lengths, horizon: 64)
        let oracle = EstimateOracle(kind: kind, isClamped: isClamped)
        let result = try batch.weighed(
          by: makeObjective([
            "beta": .number(0.05), "estimator": .text(kind), "clamp": .flag(isClamped),
          ]))
        let shares = batch.tokenShares
        func estimates(_ current: [Double]) -> [Double] {
          current.indices.map {
            oracle.value(current[$0], reference: Double(batch.reference[$0]))
          }
        }
        let here = batch.current.map(Double.init)
        // Each token alone: the sum's rounding would drown a small slope beside e^7.
        for token in here.indices {
          func loss(_ current: Double) -> Double {
            0.05 * shares[token]
              * oracle.value(current, reference: Double(batch.reference[token]))
          }
          let slope = negativeSlopes(of: { loss($0[0]) }, at: [here[token]])[0]
          // One rounding to Float, and the differences' 1e-10 of a loss up to 60. A token within
          // 1e-6 of a corner would fail by more; none of these seeds is.
          #expect(
            abs(Double(result.weights[token]) - slope) <= 1e-7 + 1e-6 * abs(slope),
            "seed \(seed), token \(token)")
          #expect(
            abs(Double(result.losses[token]) - loss(here[token]))
              <= 1e-6 * abs(loss(here[token])) + 1e-9, "seed \(seed), token \(token)")
        }
        let kl = try #require(result.metrics.mean("kl"))
        let mean = estimates(here).reduce(0, +) / Double(here.count)
        // Double sums of 101 values in another order, of values up to e^8.5.
        #expect(abs(kl - mean) <= 1e-12 * max(1, abs(mean)) * 100, "seed \(seed)")
        // Both sides of the clamp must occur, or the agreement proves little.
        let flat = result.weights.count(where: { $0 == 0 })
        #expect(isClamped ? flat > 5 && flat < 60 : flat == 0, "\(flat)")
      }
    }
  }

  @Test func `slices give the bits of the whole`() throws {
    let batch = MiniBatch.random(seed: 9)
    let whole = try batch.weighed(by: makeObjective())
    for cut in MiniBatch.cuts {
      let parts = try batch.weighed(by: makeObjective(), slices: cut)
      #expect(parts.weights == whole.weights)
      #expect(parts.losses == whole.losses)
      let a = try #require(parts.metrics.mean("kl"))
      let b = try #require(whole.metrics.mean("kl"))
      // Sums of 50 Doubles in another order.
      #expect(abs(a - b) <= 1e-12)
    }
  }

  @Test(arguments: [true, false], ["k1", "k2", "k3"])
  func `huge log ratios stay finite`(isClamped: Bool, kind: String) throws {
    let huge: Float = 1e6
    let batch = batch(current: [-huge, 0, -huge], reference: [0, -huge, -huge])
    for gradient in ["own", "k2"] {
      let result = try batch.weighed(
        by: makeObjective([
          "clamp": .flag(isClamped), "estimator": .text(kind), "gradient": .text(gradient),
        ]))
      #expect(result.weights.allSatisfy { $0.isFinite })
      #expect(result.losses.allSatisfy { $0.isFinite })
    }
  }

  @Test func `a number that is none is not hidden, but in a masked sequence`() throws {
    var batch = MiniBatch(
      current: [.nan, -1, -1], old: [], reference: [-1, .nan, -1], advantages: [1, 1, 1],
      lengths: [1, 1, 1])
    for kind in ["k1", "k2", "k3"] {
      for isClamped in [true, false] {
        let result = try batch.weighed(
          by: makeObjective(["estimator": .text(kind), "clamp": .flag(isClamped)]))
        #expect(result.losses.map(\.isNaN) == [true, true, false])
      }
    }
    batch.shares = [0, 0, 1]
    let masked = try batch.weighed(by: makeObjective(["beta": .number(1)]))
    #expect(masked.losses == [0, 0, 0])
    #expect(masked.weights == [0, 0, 0])
    #expect(masked.metrics.mean("kl") == 0)
  }

  @Test func `without beta no reference is needed and nothing is written`() throws {
    #expect(try makeObjective().needs == [.referenceLogProbabilities])
    let objective = try makeObjective(["beta": .number(0)])
    #expect(objective.needs.isEmpty)
    let batch = MiniBatch(current: [-1], old: [], advantages: [1])
    let result = try batch.weighed(by: objective)
    #expect(result.weights == [0])
    #expect(result.losses == [0])
    #expect(result.metrics.entries.isEmpty)
  }

  @Test func `a missing reference is refused by name`() throws {
    let batch = MiniBatch(current: [-1, -1], old: [], advantages: [1, 1])
    let error = #expect(throws: FulcrumError.self) { try batch.weighed(by: makeObjective()) }
    #expect(
      error?.description == """
        kl-penalty: expected 2 reference log-probabilities, one for each token, got 0
          hint: the host must compute every column that the objective names in its 'needs'
        """)
  }

  @Test func `the manual and the entry function`() throws {
    let parameters = KLObjective.manual.parameters
    #expect(parameters.map(\.name) == ["beta", "estimator", "gradient", "clamp"])
    #expect(
      parameters.map(\.defaultValue) == [.number(0.001), .text("k3"), .text("own"), .flag(true)])
    let registrar = PluginRegistrar()
    fulcrumPluginKLPenalty(Unmanaged.passUnretained(registrar).toOpaque())
    #expect(registrar.components.map(\.kind).contains(.policyObjective))
    #expect(Set(registrar.components.map(\.manual.name)) == ["kl-penalty"])
  }
}

/// Equal to six digits: one rounding to Float and a Float's noise in the log ratios.
private func expectClose(
  _ got: [Float], _ expected: [Double], sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(got.count == expected.count, sourceLocation: sourceLocation)
  for (a, b) in zip(got, expected) {
    #expect(abs(Double(a) - b) <= 1e-6 * max(1, abs(b)), sourceLocation: sourceLocation)
  }
}
