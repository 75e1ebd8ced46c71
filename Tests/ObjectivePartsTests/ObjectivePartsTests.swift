import Foundation
import FulcrumKernel
import ObjectiveParts
import ObjectiveTestSupport
import Testing

@Suite struct ObjectivePartsTests {
  @Test func `an exponential neither overflows a Float nor hides that a number is none`() {
    #expect(boundedExponential(0) == 1)
    #expect(boundedExponential(1) == exp(1.0))
    #expect(boundedExponential(1e300) == exp(80.0))
    #expect(boundedExponential(-.infinity) == exp(-80.0))
    #expect(Float(boundedExponential(.infinity) * 6000).isFinite)
    #expect(boundedExponential(.nan).isNaN)
  }

  @Test func `a branch is left where the ratio passes its clip`() {
    let surrogate = ClippedSurrogate(low: 0.25, high: 0.5, dual: 3)
    // Each edge itself is still inside: 0.75, 1.5 and 3 are exact.
    let edges: [(ratio: Double, advantage: Double, branch: ClippedSurrogate.Branch)] = [
      (1.5, 1, .unclipped), (1.5.nextUp, 1, .high), (100, 1, .high), (0.1, 1, .unclipped),
      (0.75, -1, .unclipped), (0.75.nextDown, -1, .low), (3, -1, .unclipped),
      (3.0.nextUp, -1, .dual), (9, 0, .unclipped), (0.1, 0, .unclipped),
    ]
    for edge in edges {
      #expect(
        surrogate.branch(ratio: edge.ratio, advantage: edge.advantage) == edge.branch,
        "\(edge.ratio), \(edge.advantage)")
    }
    #expect(surrogate.value(ratio: 2, advantage: 4, branch: .unclipped) == 8)
    #expect(surrogate.value(ratio: 2, advantage: 4, branch: .high) == 6)
    #expect(surrogate.value(ratio: 0.5, advantage: -4, branch: .low) == -3)
    #expect(surrogate.value(ratio: 8, advantage: -4, branch: .dual) == -12)
  }

  @Test func `a covariance compares a token with the mini-batch`() {
    // A has mean 1, log pi has mean -2: departures (1, 1), (-1, -1), (2, -1), (-2, 1).
    let batch = MiniBatch(
      current: [-1, -3, -3, -1], old: [], advantages: [2, 0, 3, -1], lengths: [1, 3])
    batch.withInput(of: 0..<2, survey: []) { input in
      let covariance = TokenCovariance(of: input)
      let values = input.advantages.indices.map {
        covariance.value(
          advantage: input.advantages[$0], logProbability: input.logProbabilities[$0])
      }
      #expect(values == [1, 1, -2, -2])
      #expect(covariance.tokens == 4)
    }
  }

  @Test func `a masked sequence does not count in a covariance`() {
    var batch = MiniBatch(
      current: [-1, -3, -50, -50], old: [], advantages: [2, 0, 90, 90], lengths: [1, 1, 2])
    batch.shares = [0.5, 0.5, 0]
    batch.withInput(of: 0..<3, survey: []) { input in
      let covariance = TokenCovariance(of: input)
      #expect(covariance.tokens == 2)
      #expect(covariance.value(advantage: 2, logProbability: -1) == 1)
    }
    batch.shares = [0, 0, 0]
    batch.withInput(of: 0..<3, survey: []) { input in
      let covariance = TokenCovariance(of: input)
      #expect(covariance.tokens == 0)
      // No token has this value; it only must not be a division by zero.
      #expect(covariance.value(advantage: 2, logProbability: -1) == -2)
    }
  }

  @Test func `a share of the tokens is rounded down and is at least one`() {
    let batch = MiniBatch(
      current: [Float](repeating: -1, count: 5000), old: [],
      advantages: [Float](repeating: 0, count: 5000))
    batch.withInput(of: 0..<1, survey: []) { input in
      let covariance = TokenCovariance(of: input)
      #expect(covariance.quota(0.0999) == 499)
      #expect(covariance.quota(2e-4) == 1)
      #expect(covariance.quota(1e-9) == 1)
      #expect(covariance.quota(1) == 5000)
    }
  }

  @Test func `each missing column is named with its remedy`() {
    let batch = MiniBatch(current: [-1, -1], old: [], advantages: [1, 1])
    func sentence(_ column: ObjectiveColumn) -> String? {
      batch.withInput(of: 0..<1, survey: []) { input in
        do throws(FulcrumError) {
          try input.require(.advantages, column, by: "some-objective")
          return nil
        } catch {
          #expect(error.code == .pluginFault)
          return error.description
        }
      }
    }
    #expect(sentence(.entropies) == nil)
    #expect(
      sentence(.referenceLogProbabilities) == """
        some-objective: expected 2 reference log-probabilities, one for each token, got 0
          hint: the host must compute every column that the objective names in its 'needs'
        """)
    #expect(
      sentence(.survey) == """
        some-objective: expected 2 survey results, one for each token, got 0
          hint: the host must call 'survey' on the mini-batch before it is weighed
        """)
  }
}
