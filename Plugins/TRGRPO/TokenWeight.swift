import FulcrumKernel

/// Names the functions g(π) that a token's advantage can be multiplied by.
enum TokenWeight: String, CaseIterable {
  /// clip(α [σ(π/τ) − μ], L, U), increasing: TR-GRPO, arXiv 2511.00066.
  case sigmoid
  /// 2 σ(α (π − μ)), increasing: `both_sigmoid` of the code of arXiv 2505.12929.
  case centredSigmoid = "centred-sigmoid"
  /// α π + 1 − α, increasing: Advantage Reweighting, arXiv 2505.12929, equation (4).
  case linear
  /// π^α, increasing: ours.
  case power
  /// 1 / (1 + α − π), increasing, as the inverse of the lever is: `normalize` of the code of 2603.22117.
  case inverse
  /// α + π (1 − π), greatest at one half: `middle` of the same.
  case middle

  struct Constants: Sendable {
    let alpha: Double
    let tau: Double
    let mu: Double
    let lower: Double
    let upper: Double
  }

  /// Returns the weight of a token of log-probability log π.
  func weight(ofLog logProbability: Float, _ constants: Constants) -> Double {
    // A finite logarithm, so that π^0 is 1 for every token.
    let log = max(Double(logProbability), -1e300)
    let p = exp(log)
    let alpha = constants.alpha
    switch self {
    case .sigmoid:
      let raw = alpha * (logistic(p / constants.tau) - constants.mu)
      return min(max(raw, constants.lower), constants.upper)
    case .centredSigmoid: return 2 * logistic(alpha * (p - constants.mu))
    case .linear: return alpha * p + (1 - alpha)
    case .power: return exp(alpha * log)
    case .inverse: return 1 / (1 + alpha - p)
    case .middle: return alpha + p * (1 - p)
    }
  }
}
