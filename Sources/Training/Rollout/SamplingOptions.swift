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

  func apply(to request: inout GenerationRequest) {
    request.topK = topK
    request.topP = Float(topP)
    request.minP = Float(minP)
    request.minimumTokens = minimumTokens
    request.stopStrings = stopStrings
  }
}
