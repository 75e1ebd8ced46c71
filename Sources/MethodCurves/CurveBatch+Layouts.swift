import Foundation
import FulcrumKernel

extension CurveBatch {
  /// Of what a ratio is one.
  package enum Ratio: Sendable {
    /// r = π/π_old, as objectives have it.
    case update
    /// ρ = π_old/π_rollout, as a transform may have it.
    case sampler
  }

  /// The probabilities along x: 0.001, then 0.01 to 0.99.
  package static let probabilities =
    [0.001] + stride(from: 1, through: 99, by: 2).map { Double($0) / 100 }

  /// The ratios along x: 0.26 to 3.86, 7 % from one to the next, 1.7 % between 0.71 and 1.51, and 1 itself.
  /// Powers of 2 between tenths and fortieths: no usual bound of a clip is among them.
  package static let ratios: [Double] = {
    // Halfway between fortieths is 1.1.
    func powers(_ count: Double, at part: Double) -> [Double] {
      (-80..<80).map { (Double($0) + part) / count }.filter { abs($0) < 2 }
    }
    let fine = -0.5..<0.6
    let all =
      powers(10, at: 0.5).filter { !fine.contains($0) }
      + powers(40, at: 0.45).filter { fine.contains($0) } + [0]
    return all.sorted().map { pow(2, $0) }
  }()

  /// The probabilities before the update of the tokens whose ratio varies. Four times the largest is below 1.
  static let ratioProbabilities = [0.02, 0.1, 0.24]

  /// The number of a group's completions that are right, of `groupSize`: even questions, hard and easy ones.
  private static let rights = [4, 4, 2, 6]
  private static let groupSize = 8

  /// A batch as the first update of a step has it, r = 1, along x the token's probability.
  ///
  /// - Shape: each probability occurs with every decay of the others and in every kind of group, for
  ///   either sign: 2 × 51 × 4 × 4 tokens in 64 sequences. Sequences have different lengths and their
  ///   tokens are in no order. The reference is a tenth of a logit above or below the policy.
  package static let onPolicy: CurveBatch = {
    var random = CounterRandom(seed: 1, purpose: "method curves").stream(0)
    var groups: [[[Token]]] = []
    for (kind, right) in rights.enumerated() {
      // Two groups of a kind, so that each has its share of either sign's tokens.
      let positive = deal(
        tokens(isPositive: true, kind: kind).shuffled(using: &random), over: 2 * right)
      let negative = deal(
        tokens(isPositive: false, kind: kind).shuffled(using: &random),
        over: 2 * (groupSize - right))
      for half in 0..<2 {
        groups.append(
          Array(positive[half * right..<(half + 1) * right])
            + negative[half * (groupSize - right)..<(half + 1) * (groupSize - right)])
      }
    }
    return CurveBatch(values: probabilities, groups: groups)
  }()

  private static func tokens(isPositive: Bool, kind: Int) -> [Token] {
    probabilities.enumerated().flatMap { place, probability in
      decays.enumerated().map { index, decay in
        let here = PlaceDistribution(
          probability: probability, decay: decay, token: Int32((place * 4 + index) % 200))
        return Token(
          place: place, isPositive: isPositive, old: here, current: here, rollout: here,
          reference: here.moved(byLogit: kind.isMultiple(of: 2) ? 0.1 : -0.1))
      }
    }
  }

  /// Deals tokens to sequences: every second one is shorter by as much as the next is longer.
  private static func deal(_ tokens: [Token], over count: Int) -> [[Token]] {
    let bounds = (0...count).map { index in
      let even = tokens.count * index / count
      return index.isMultiple(of: 2) || index == count ? even : even - tokens.count / count / 4
    }
    return (0..<count).map { Array(tokens[bounds[$0]..<bounds[$0 + 1]]) }
  }

  /// A batch along x of which is a ratio.
  ///
  /// - Shape: a group for each ratio, of two sequences that were right and two that were wrong. All
  ///   tokens of a group have its ratio, so that a sequence's ratio is its tokens'; they have three
  ///   probabilities before the update, with every decay. The reference is the old policy.
  package static func byRatio(_ kind: Ratio) -> CurveBatch {
    CurveBatch(
      values: ratios,
      groups: ratios.enumerated().map { place, ratio in
        (0..<4).map { sequence in
          ratioProbabilities.flatMap { probability in
            decays.enumerated().map { index, decay in
              let old = PlaceDistribution(
                probability: probability, decay: decay, token: Int32((place * 4 + index) % 200))
              return Token(
                place: place, isPositive: sequence < 2, old: old,
                current: kind == .update ? old.with(probability * ratio) : old,
                rollout: kind == .sampler ? old.with(probability / ratio) : old, reference: old)
            }
          }
        }
      })
  }
}
