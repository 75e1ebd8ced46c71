import FulcrumKernel
import TransformerFormats

/// Tells which tokens end their completions: end tokens, and those that complete a stop string.
struct CompletionEndings {
  private let endTokens: [Int32]
  private let stops: StopMatcher
  private let tokenizer: Tokenizer
  private let minimumTokens: Int
  private var progress: [StopMatcher.Progress]

  init(_ decoder: Decoder, samples: Int) {
    endTokens = decoder.endTokens
    stops = decoder.stops
    tokenizer = decoder.tokenizer
    minimumTokens = decoder.request.minimumTokens
    progress = Array(repeating: StopMatcher.Progress(), count: stops.isEmpty ? 0 : samples)
  }

  /// Reads a sample's next token.
  ///
  /// - Parameter position: the token's place in its completion.
  mutating func isEnd(_ token: Int32, of sample: Int, at position: Int) -> Bool {
    if endTokens.contains(token) { return true }
    guard !stops.isEmpty else { return false }
    // Read in the first tokens too: a stop string may begin in them and end behind them.
    let isStopped = stops.read(tokenizer.plainBytes(of: token).span, &progress[sample])
    return isStopped && position >= minimumTokens
  }
}
