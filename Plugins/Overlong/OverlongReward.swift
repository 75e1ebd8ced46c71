import FulcrumKernel

extension RewardOutcome {
  /// The completion ends before the buffer.
  package static let withinLimit = RewardOutcome(rawValue: "within-limit")
  /// The completion reaches into the buffer or beyond the limit.
  package static let overlong = RewardOutcome(rawValue: "overlong")
}

/// Gives DAPO's soft punishment of long completions: nothing up to a buffer before the limit, then
/// ever more, −`penalty` from the limit on.
///
/// With n tokens, limit L and buffer B: 0 where n ≤ L − B, (L − B − n) / B up to L, −1 beyond; times
/// the penalty. It is meant to stand beside a reward for the answer, whose outcomes the run reports.
///
/// - Unit: lengths in the policy's tokens, the end token included.
/// - Source: DAPO, arXiv 2503.14476, equation (13).
package struct OverlongReward: RewardFn {
  package static let manual = ComponentManual(
    name: "overlong",
    summary: "0 up to limit - buffer tokens, then linearly down to -penalty at the limit",
    source: "DAPO, arXiv 2503.14476, equation (13)",
    parameters: [
      .integer(
        "buffer", default: nil, in: 1...1_000_000,
        help: "tokens before the limit over which the punishment grows"),
      .integer(
        "limit", default: 0, in: 0...1_000_000,
        help: "tokens at which the punishment is full; 0: where the rollout cuts completions"),
      .number("penalty", default: 1, in: 0...1000, help: "the full punishment"),
    ])

  private let buffer: Int
  private let limit: Int
  private let penalty: Double
  private let location: String

  /// - Throws: `.parameter` if the buffer is not shorter than a limit that is given.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    buffer = try parameters.integer("buffer")
    limit = try parameters.integer("limit")
    penalty = try parameters.number("penalty")
    location = parameters.location
    guard limit == 0 || buffer < limit else { throw Self.wideBuffer(buffer, limit, at: location) }
  }

  /// - Throws: `.unsupported` if the completion's length or the limit isn't known; `.parameter` if
  ///   the buffer is not shorter than the rollout's limit.
  package func score(_ sample: RewardSample) throws(FulcrumError) -> RewardScore {
    guard let count = sample.tokenCount else {
      throw FulcrumError(
        .unsupported, "expected the completion's length in tokens, got a text alone", at: location,
        hint: "texts from a file have no tokens; use this reward in a run")
    }
    let limit = try limit(of: sample)
    // The distance from the buffer's start: the formula's L − B − n without its sign.
    let excess = count - (limit - buffer)
    guard excess > 0 else { return score(0, .withinLimit) }
    return score(-penalty * min(1, Double(excess) / Double(buffer)), .overlong)
  }

  private func score(_ reward: Double, _ outcome: RewardOutcome) -> RewardScore {
    .scored(reward, outcome, parts: [("length", reward)])
  }

  private func limit(of sample: RewardSample) throws(FulcrumError) -> Int {
    if limit > 0 { return limit }
    guard let limit = sample.tokenLimit else {
      throw FulcrumError(
        .unsupported, "expected a limit for completions, got none", at: location,
        hint: "give 'limit', in tokens")
    }
    guard buffer < limit else { throw Self.wideBuffer(buffer, limit, at: location) }
    return limit
  }

  private static func wideBuffer(_ buffer: Int, _ limit: Int, at location: String) -> FulcrumError {
    FulcrumError(
      .parameter, "expected fewer tokens than the limit of \(limit), got \(buffer)",
      at: location.isEmpty ? "buffer" : "\(location).buffer",
      hint: "completions of up to limit - buffer tokens go unpunished, and none would be left")
  }
}
