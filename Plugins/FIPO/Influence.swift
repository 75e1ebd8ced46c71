import FulcrumKernel
import ObjectiveParts

/// Scales a token's advantage by e^F, held in bounds, where F is what its sequence's later tokens say.
///
/// - Source: arXiv 2603.19835; bounds as in its code, qwenpilot/FIPO.
struct Influence {
  /// The factor of F from one token to the one before it: 2^(−1/half-life).
  let decay: Double
  private let bounds: ClosedRange<Double>
  private let safetyRatio: Double

  static let parameters: [Parameter] = [
    .number(
      "half-life", default: 32, in: 0.01...1e6,
      help: "a token this many places later counts half in F"
    ),
    .number(
      "influence-clip", default: 0.2, in: 0...1,
      help: "e^F is held in 1...1 + influence-clip; 0: only below 10"),
    .flag("both-ways", default: false, help: "hold e^F in 1 - influence-clip...1 + influence-clip"),
    .number(
      "safety-ratio", default: 10, in: 0...1e9,
      help: "where A < 0 and the ratio is above it, e^F is held in 0.8...1 as well"),
  ]

  init(_ parameters: Parameters) throws(FulcrumError) {
    decay = exp(-log(2.0) / (try parameters.number("half-life")))
    let clip = try parameters.number("influence-clip")
    let least = try parameters.flag("both-ways") ? 1 - clip : 1
    bounds = clip == 0 ? 0...10 : least...1 + clip
    safetyRatio = try parameters.number("safety-ratio")
  }

  /// Returns the token's factor.
  func factor(future: Double, ratio: Double, advantage: Double) -> Double {
    // The NaN must be the first argument: min and max then return it.
    let held = min(max(boundedExponential(future), bounds.lowerBound), bounds.upperBound)
    return advantage < 0 && ratio > safetyRatio ? min(max(held, 0.8), 1) : held
  }
}
