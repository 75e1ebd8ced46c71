import Foundation
import FulcrumKernel
import MethodCurves
import Testing

/// The made-up batches: distributions that agree with themselves, laid out as the page says.
@Suite struct BatchTests {
  private func value(_ place: PlaceDistribution, _ statistic: TokenStatistic) throws -> Double {
    try place.values(of: statistic)[0]
  }

  @Test func `a distribution that halves is worked by hand`() throws {
    // π 1/2, the others 1/4, 1/8, …: a rest of 2⁻²⁵⁶ is below what is compared.
    let place = PlaceDistribution(probability: 0.5, decay: 0.5, token: 7)
    #expect(try value(place, .logProbability) == log(0.5))
    // Σ π ln 1/π = Σ k 2⁻ᵏ ln 2 = 2 ln 2.
    #expect(isNear(try value(place, .entropy), 2 * log(2), 1e-12))
    // (1 − π)² + Σ_{k≥2} 4⁻ᵏ = 1/4 + 1/12 = 1/3.
    #expect(isNear(try value(place, .lever), (1.0 / 3).squareRoot(), 1e-12))
    #expect(try value(place, .topProbability) == 0.5)
    #expect(isNear(try value(place, .margin), log(2), 1e-12))
    #expect(try value(place, .rank) == 0)
    // At least 0.3 · 1/2: the drawn token and the one of 1/4.
    #expect(isNear(try value(place, .massAbove(0.3)), 0.75, 1e-12))
    #expect(try place.values(of: .topTokens(3)) == [7, 0, 1])
    let logs = try place.values(of: .topLogProbabilities(3))
    #expect(zip(logs, [0.5, 0.25, 0.125]).allSatisfy { isNear($0, log($1), 1e-12) })
  }

  @Test func `an unlikely token stands where its probability puts it`() throws {
    // The others: 0.45, 0.225, 0.1125, 0.05625, …; 0.1 is the fourth.
    let place = PlaceDistribution(probability: 0.1, decay: 0.5, token: 2)
    #expect(try value(place, .rank) == 3)
    #expect(try place.values(of: .topTokens(5)) == [0, 1, 3, 2, 4])
    #expect(isNear(try value(place, .topProbability), 0.45, 1e-12))
  }

  @Test func `every statistic of every place is possible`() throws {
    let size = Double(PlaceDistribution.vocabulary)
    for place in Set(CurveBatch.onPolicy.tokens.map(\.old)) {
      let rest = 1 - place.probability
      let binary = -place.probability * log(place.probability) - rest * log(rest)
      let entropy = try value(place, .entropy)
      #expect(entropy >= binary - 1e-12 && entropy <= binary + rest * log(size - 1) + 1e-12)
      let lever = try value(place, .lever)
      #expect(lever >= (size / (size - 1)).squareRoot() * rest - 1e-12)
      #expect(lever <= 2.0.squareRoot() * rest + 1e-12)
      #expect(isNear(try value(place, .massAbove(0)), 1, 1e-9))
      let top = try value(place, .topProbability)
      #expect(try value(place, .massAbove(1)) >= top && top >= place.probability)
      let rank = Int(try value(place, .rank))
      #expect(try place.values(of: .topTokens(rank + 1))[rank] == Double(place.token))
    }
  }

  @Test func `a logit moves both ways`() {
    // log(1/3) + log 3 = 0: from a quarter to a half.
    let place = PlaceDistribution(probability: 0.25, decay: 0.5, token: 0)
    #expect(isNear(place.moved(byLogit: log(3)).probability, 0.5, 1e-12))
    #expect(isNear(place.moved(byLogit: -log(3)).probability, 0.1, 1e-12))
  }

  @Test func `on policy every probability occurs as often with either sign`() {
    let batch = CurveBatch.onPolicy
    #expect(batch.tokens.count == 2 * 51 * 16)
    #expect(batch.sequences.sequenceCount == 64)
    #expect(batch.sequences.groupCount == 8)
    for place in batch.values.indices {
      let here = batch.tokens.filter { $0.place == place }
      #expect(here.count { $0.isPositive } == 16 && here.count == 32)
      #expect(here.allSatisfy { $0.old == $0.current && $0.old == $0.rollout })
      #expect(here.allSatisfy { $0.old.probability == batch.values[place] })
      #expect(Set(here.map(\.old.decay)) == Set(CurveBatch.decays))
    }
    let rewards = (0..<8).map { group in
      batch.sequences.sequences(ofGroup: group).reduce(0) { $0 + batch.rewards[$1] }
    }
    #expect(rewards == [4, 4, 4, 4, 2, 2, 6, 6])
    let lengths = Set((0..<64).map { batch.sequences.tokens(ofSequence: $0).count })
    #expect(lengths.count > 4 && !lengths.contains(0))
  }

  @Test func `no usual bound of a clip is a ratio, and about 1 ratios lie close`() throws {
    let ratios = CurveBatch.ratios
    // 15 tenths of powers of 2 below, 44 fortieths, 14 tenths above, and 1.
    #expect(ratios.count == 74)
    #expect(isNear(try #require(ratios.first), pow(2, -1.95), 1e-12))
    #expect(isNear(try #require(ratios.last), pow(2, 1.95), 1e-12))
    for bound in [0.3, 0.5, 0.7, 0.8, 0.9, 1.1, 1.2, 1.24, 1.28, 1.3, 1.5, 2, 3] {
      #expect(ratios.allSatisfy { abs($0 - bound) > 1e-4 }, "\(bound)")
    }
    // Clips of 0.2, 0.24 and 0.28 are told apart.
    for (low, high) in [(1.2, 1.24), (1.24, 1.28), (0.72, 0.76), (0.76, 0.8)] {
      #expect(ratios.contains { low < $0 && $0 < high })
    }
  }

  @Test func `a sequence's ratio is its tokens'`() {
    for kind in [CurveBatch.Ratio.update, .sampler] {
      let batch = CurveBatch.byRatio(kind)
      #expect(batch.values == batch.values.sorted() && batch.values.contains(1))
      for sequence in 0..<batch.sequences.sequenceCount {
        let tokens = batch.sequences.tokens(ofSequence: sequence).map { batch.tokens[$0] }
        #expect(Set(tokens.map(\.place)).count == 1)
        #expect(Set(tokens.map(\.isPositive)).count == 1)
        for token in tokens {
          let ratio = batch.values[token.place]
          let (above, below) =
            kind == .update ? (token.current, token.old) : (token.old, token.rollout)
          #expect(isNear(above.probability / below.probability, ratio, 1e-12))
          #expect(above.probability < 1 && below.probability < 1)
          #expect(kind == .update ? token.rollout == token.old : token.current == token.old)
        }
      }
    }
  }
}
