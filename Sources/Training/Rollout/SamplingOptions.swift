import FulcrumKernel

/// Holds what sampling is limited by, beside temperature and longest length (see `GenerationRequest`).
package struct SamplingOptions: Sendable, Equatable {
  /// Draw from the so many most likely tokens only; 0: all.
  package var topK = 0
  /// Draw only from the most likely tokens that first add up to this share; 1: all.
  package var topP = 1.0
  /// Draw only from tokens of at least this share of the largest probability; 0: all.
  package var minP = 0.0
  /// The number of first tokens within which nothing ends a completion.
  package var minimumTokens = 0
  /// Texts that end a completion.
  package var stopStrings: [String] = []

  /// Draws from the whole distribution, and completions that their end token alone ends.
  package init() {}

  /// Whether some draws are from another distribution than the policy's.
  package var isCut: Bool { !cuts.isEmpty }

  /// The settings that make draws differ from the policy's distribution, as they are written.
  package var cuts: [String] {
    (topK > 0 ? ["top-k = \(topK)"] : []) + (topP < 1 ? ["top-p = \(topP)"] : [])
      + (minP > 0 ? ["min-p = \(minP)"] : [])
      + (minimumTokens > 0 ? ["min-new-tokens = \(minimumTokens)"] : [])
  }

  /// Finds a policy that knows nothing of minimum length or stop strings, as one that was built for an
  /// older kernel.
  ///
  /// - Throws: `.pluginFault`, by the first completion that is too short, or goes on to its longest
  ///   length behind a stop string.
  func checkKept(in rollout: Rollout) throws(FulcrumError) {
    let stops = try StopMatcher(stopStrings)
    for sequence in rollout.completions.indices {
      let count = rollout.sequences.tokens(ofSequence: sequence).count
      guard !rollout.isFinished[sequence] || count > minimumTokens else {
        throw Self.notKept(
          "expected no end within the first \(minimumTokens) tokens, got a completion of \(count)")
      }
      // Within a minimum length a stop string may stand anywhere.
      guard minimumTokens == 0, !rollout.isFinished[sequence], !stops.isEmpty else { continue }
      var progress = StopMatcher.Progress()
      let text = Array(rollout.completions[sequence].utf8)
      guard !stops.read(text.span, &progress) else {
        throw Self.notKept(
          "expected a completion to end with its first stop string, got one that goes on to"
            + " \(count) tokens")
      }
    }
  }

  private static func notKept(_ message: String) -> FulcrumError {
    FulcrumError(
      .pluginFault, message, at: "policy",
      hint: "a policy of an older kernel knows no limits of sampling: build it again, and try it"
        + " with 'fulcrum plugin check'")
  }

  func apply(to request: inout GenerationRequest) {
    request.topK = topK
    request.topP = Float(topP)
    request.minP = Float(minP)
    request.minimumTokens = minimumTokens
    request.stopStrings = stopStrings
  }
}
