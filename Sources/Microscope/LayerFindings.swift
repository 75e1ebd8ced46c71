import Foundation
import FulcrumKernel
import Training

/// Measures how constant ‖δ_ℓ‖ / (|w| (1 − π)) is over tokens, layer by layer: the paper's C_ℓ.
///
/// A token's gradients are all times its w, so the ratio is ‖∂ log π / ∂ a_ℓ‖ / (1 − π).
/// - Source: arXiv 2505.12929, equation (3).
package struct LayerFindings: Sendable {
  /// The relative error that a policy's gradient at the logits may have beyond the bounds: a policy may
  /// compute a token alone a little otherwise than in its batch.
  static let tolerance = 1e-3

  /// Norms of one layer, token by token.
  private struct Layer: Sendable {
    /// Each token's ‖δ_ℓ‖ / |w|, over all positions.
    var norms: [Double] = []
    /// Each token's share of ‖δ_ℓ‖² at its own position.
    var own: [Float] = []
  }

  /// Names of the layers, from `embedding` to `logits`.
  package private(set) var names: [String] = []
  private var layers: [Layer] = []
  /// Each token's 1 − π.
  private var rests: [Double] = []
  /// Each token's interval.
  private var intervals: [Int] = []
  /// The bounds of the ratio at the logits.
  private let bounds: LeverBounds

  /// - Parameter vocabulary: the number N of tokens that the policy knows, at least 2.
  package init(vocabulary: Int) { bounds = LeverBounds(vocabulary: vocabulary) }

  /// The number of tokens looked at, by interval.
  package var tokens: [Int] {
    (0..<IntervalSummary.count).map { interval in intervals.count { $0 == interval } }
  }

  /// Adds a batch's tokens.
  ///
  /// - Parameters:
  ///   - gradients: norms of the tokens' gradients at the temperature.
  ///   - logProbabilities: those of the tokens, at the temperature.
  ///   - temperature: norms at the logits times it are levers.
  /// - Throws: `.pluginFault` if norms are missing, of other layers than before, or beyond the
  ///   bounds at the logits; `.notFinite` for norms that are not numbers.
  package mutating func add(
    _ gradients: ActivationGradients, logProbabilities: [Float], temperature: Float
  ) throws(FulcrumError) {
    let count = gradients.layers.count
    guard count > 0, gradients.norms.count == logProbabilities.count * count,
      gradients.ownNorms.count == gradients.norms.count, names.isEmpty || names == gradients.layers
    else {
      throw FulcrumError(
        .pluginFault,
        "expected norms of \(logProbabilities.count) tokens at each of the layers"
          + " \(names.isEmpty ? gradients.layers : names), got \(gradients.norms.count) over all positions"
          + " and \(gradients.ownNorms.count) at their own, at \(gradients.layers)", at: "policy")
    }
    guard gradients.norms.allSatisfy(\.isFinite), gradients.ownNorms.allSatisfy(\.isFinite) else {
      throw FulcrumError(
        .notFinite, "expected finite gradients at the layers' activations, got others",
        at: "policy")
    }
    names = gradients.layers
    if layers.isEmpty { layers = [Layer](repeating: Layer(), count: count) }
    for (token, log) in logProbabilities.enumerated() {
      // 1 − π without cancellation.
      let rest = -expm1(Double(log))
      rests.append(rest)
      intervals.append(ProbabilityIntervals.index(of: exp(log)))
      for layer in 0..<count {
        let norm = Double(gradients.norms[token * count + layer])
        let own = Double(gradients.ownNorms[token * count + layer])
        layers[layer].norms.append(norm)
        layers[layer].own.append(norm > 0 ? Float(own * own / (norm * norm)) : .nan)
      }
      try check(
        Double(gradients.norms[(token + 1) * count - 1]) * Double(temperature) / rest, of: log)
    }
  }

  /// Refuses a ratio at the logits that is beyond the paper's bounds, which have no constant there.
  private func check(_ ratio: Double, of log: Float) throws(FulcrumError) {
    guard ratio >= bounds.lower * (1 - Self.tolerance),
      ratio <= bounds.upper * (1 + Self.tolerance)
    else {
      throw FulcrumError(
        .pluginFault,
        "expected a gradient at the logits, times the temperature, between \(bounds.lower) and"
          + " \(bounds.upper) times 1 − π, got \(ratio) for a token of log π \(log)", at: "policy",
        hint: "the last of its activationGradients must be the logits, before the temperature")
    }
  }

  /// Statistics of one layer. NaN where there is nothing to tell.
  package struct Summary: Sendable {
    package let name: String
    /// The ratio's quantiles, at `IntervalSummary.levels`.
    package let quantiles: [Double]
    /// The ratio's median, by interval.
    package let byInterval: [Double]
    /// The ratio's standard deviation over its mean.
    package let variation: Double
    /// The part of the pull's spread that 1 − π accounts for:
    /// 1 − Var(log ratio) / Var(log ‖δ_ℓ‖ / |w|).
    package let explained: Double
    /// The median share of ‖δ_ℓ‖² that lies at the token's own position.
    package let own: Double
  }

  package var summaries: [Summary] {
    zip(names, layers).map { name, layer in
      let ratios = zip(layer.norms, rests).map { $0 / $1 }
      let values = ratios.map(Float.init)
      let mean = Statistics.mean(ratios)
      let spread = Self.variance(ratios.map { log($0) })
      let pull = Self.variance(layer.norms.map { log($0) })
      let byInterval = IntervalSummary(values, intervals: intervals)
      return Summary(
        name: name,
        quantiles: IntervalSummary.levels.map {
          Quantile.linear($0, of: values).map(Double.init) ?? .nan
        },
        byInterval: byInterval.quantiles.map { $0[IntervalSummary.levels.count / 2] },
        variation: mean > 0 ? Statistics.deviation(ratios) / mean : .nan,
        explained: pull > 0 ? 1 - spread / pull : .nan,
        own: Quantile.linear(0.5, of: layer.own).map(Double.init) ?? .nan)
    }
  }

  /// Tokens of a few layers, one by one: the paper's Fig. 2 as measured.
  package struct Tokens: Sendable {
    /// The embedding, the middle layer and the last one's exit, as far as they are different.
    package let names: [String]
    /// Each token's π.
    package let probabilities: [Double]
    /// For each of the layers, each token's ‖δ_ℓ‖ / |w|.
    package let norms: [[Double]]
  }

  package var sampled: Tokens {
    let last = max(0, names.count - 2)
    let shown = Set([0, (last + 1) / 2, last]).filter { $0 < layers.count }.sorted()
    return Tokens(
      names: shown.map { names[$0] }, probabilities: rests.map { 1 - $0 },
      norms: shown.map { layers[$0].norms })
  }

  /// Returns NaN for fewer than two values, or if a logarithm was of zero.
  private static func variance(_ values: [Double]) -> Double {
    guard values.count > 1, values.allSatisfy(\.isFinite) else { return .nan }
    let deviation = Statistics.deviation(values)
    return deviation * deviation
  }
}
