#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Changes rotary frequencies so that a model serves longer contexts than it began with:
/// `rope_scaling` of transformers 4, `rope_parameters` of version 5.
package enum RopeScaling: Sendable, Equatable {
  /// The type `default`: frequencies as in RoFormer.
  case none
  /// All positions are divided by the factor.
  ///
  /// - Source: Position Interpolation, arXiv 2306.15595, equation 4.
  case linear(factor: Double)
  case llama3(Llama3)
  case yarn(Yarn)

  /// Long wavelengths are stretched, short ones kept, with a blend between.
  ///
  /// - Source: Llama 3, arXiv 2407.21783, section 3.4.3, as transformers computes it.
  package struct Llama3: Sendable, Equatable {
    package var factor: Double
    /// `low_freq_factor` and `high_freq_factor`: wavelengths above the original context over the
    /// first are stretched, those below it over the second are kept.
    package var lowFrequencyFactor, highFrequencyFactor: Double
    /// `original_max_position_embeddings`, in tokens.
    package var originalContextLength: Int

    /// - Precondition: 0 < `lowFrequencyFactor` < `highFrequencyFactor`.
    package init(
      factor: Double, lowFrequencyFactor: Double, highFrequencyFactor: Double,
      originalContextLength: Int
    ) {
      self.factor = factor
      self.lowFrequencyFactor = lowFrequencyFactor
      self.highFrequencyFactor = highFrequencyFactor
      self.originalContextLength = originalContextLength
    }
  }

  /// Components that turn often are kept, those that turn less than once are stretched, and
  /// queries and keys grow by a factor.
  ///
  /// - Source: YaRN, arXiv 2309.00071, sections 3.2 and 3.4, as transformers computes it.
  package struct Yarn: Sendable, Equatable {
    package var factor: Double
    /// `original_max_position_embeddings`, in tokens.
    package var originalContextLength: Int
    /// The factor on cosines and sines, so on queries and on keys.
    package var attentionFactor: Double
    /// `beta_fast` and `beta_slow`: turns within the original context at the ends of the blend.
    package var fastTurns, slowTurns: Double
    /// Whether the blend begins and ends at whole components.
    package var isTruncated: Bool

    package init(
      factor: Double, originalContextLength: Int, attentionFactor: Double, fastTurns: Double = 32,
      slowTurns: Double = 1, isTruncated: Bool = true
    ) {
      self.factor = factor
      self.originalContextLength = originalContextLength
      self.attentionFactor = attentionFactor
      self.fastTurns = fastTurns
      self.slowTurns = slowTurns
      self.isTruncated = isTruncated
    }

    /// The growth of attention that the paper found: 0.1 · weight · ln factor + 1.
    ///
    /// - Source: arXiv 2309.00071, equation 22; the weight is transformers' `mscale`.
    static func growth(factor: Double, weight: Double = 1) -> Double {
      factor <= 1 ? 1 : 0.1 * weight * log(factor) + 1
    }
  }

  /// The factor on cosines and sines.
  package var attentionFactor: Double {
    if case .yarn(let yarn) = self { yarn.attentionFactor } else { 1 }
  }

  /// The angle in radians by which each of the `headSize / 2` pairs turns from one position to the
  /// next.
  ///
  /// - Numerics: in `Double`; transformers rounds them to float32.
  package func frequencies(headSize: Int, theta: Double) -> [Double] {
    let plain = (0..<headSize / 2).map { pow(theta, -Double(2 * $0) / Double(headSize)) }
    switch self {
    case .none: return plain
    case .linear(let factor): return plain.map { $0 / factor }
    case .llama3(let llama3): return plain.map(llama3.scaled)
    case .yarn(let yarn):
      let kept = yarn.keptShares(headSize: headSize, theta: theta)
      return zip(plain, kept).map { $0 * ((1 - $1) / yarn.factor + $1) }
    }
  }
}

extension RopeScaling.Llama3 {
  fileprivate func scaled(_ frequency: Double) -> Double {
    // The number of turns of the pair within the original context.
    let turns = Double(originalContextLength) * frequency / (2 * .pi)
    if turns < lowFrequencyFactor { return frequency / factor }
    if turns > highFrequencyFactor { return frequency }
    let kept = (turns - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor)
    return frequency * ((1 - kept) / factor + kept)
  }
}

extension RopeScaling.Yarn {
  /// Returns the share of each pair's frequency that isn't stretched: 1, then a ramp, then 0.
  fileprivate func keptShares(headSize: Int, theta: Double) -> [Double] {
    /// Returns the component, as a real number, that turns so often within the original context.
    func component(turning turns: Double) -> Double {
      Double(headSize) * log(Double(originalContextLength) / (turns * 2 * .pi)) / (2 * log(theta))
    }
    var first = component(turning: fastTurns)
    var last = component(turning: slowTurns)
    if isTruncated {
      first = first.rounded(.down)
      last = last.rounded(.up)
    }
    first = max(first, 0)
    last = min(last, Double(headSize - 1))
    // As in transformers: a step instead of a division by zero.
    if first == last { last += 0.001 }
    return (0..<headSize / 2).map { 1 - min(max((Double($0) - first) / (last - first), 0), 1) }
  }
}
