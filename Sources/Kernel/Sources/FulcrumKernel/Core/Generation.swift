/// Holds what a policy is asked to sample.
public struct GenerationRequest: Sendable {
  /// A prompt's tokens, and the number that its random draws are keyed by.
  public struct Prompt: Sendable {
    public let tokens: [Int32]
    /// A sample's tokens depend on this, never on the prompt's place in the request.
    public let id: UInt32

    public init(tokens: [Int32], id: UInt32) {
      self.tokens = tokens
      self.id = id
    }
  }

  public var prompts: [Prompt]
  /// G: completions for each prompt.
  public var samplesPerPrompt: Int
  /// A completion that reaches this length without an end is cut, and not finished.
  public var maximumTokens: Int
  /// Nothing ends a completion within its first so many tokens: the draw gives end tokens no
  /// probability there, and a stop string that is complete within them doesn't count.
  ///
  /// So a finished completion has at least one token more. End tokens are left out before the cuts of
  /// `topK`, `topP` and `minP`. 0: a completion may end at once.
  ///
  /// - Source: transformers' `MinNewTokensLengthLogitsProcessor`, vLLM's `min_tokens`.
  public var minimumTokens = 0
  /// Texts of which each ends a completion: the token with which the completion's text first has one
  /// of them is its last.
  ///
  /// The text is that of `decode` without special tokens, compared byte by byte; `StopMatcher` finds
  /// them as tokens come. The tokens stay, so the completion's text has the whole stop string, and
  /// what stands behind it in its last token; no end token is added.
  ///
  /// - Source: transformers' `stop_strings`; vLLM's `stop` with `include_stop_str_in_output`.
  public var stopStrings: [String] = []
  /// 0: take the most likely token. Else logits are divided by it before the softmax.
  public var temperature: Float
  /// Draw from the so many most likely tokens only, of equal ones those of lower numbers; 0: all.
  public var topK = 0
  /// Draw only from the most likely tokens whose probabilities, renormalised after `topK`, first
  /// add up to this share, of equal ones those of lower numbers. In 0...1, without 0; 1: all.
  public var topP: Float = 1
  /// Draw only from tokens whose probability is at least this share of the largest one's. In 0...1; 0:
  /// all, 1: the most likely token and its equals.
  ///
  /// The cuts are made one after the other: `topK`, `topP`, `minP`, at the temperature. That is the
  /// order of transformers; vLLM cuts by `minP` first, so that its `topP` is a share of what that left.
  public var minP: Float = 0
  public var seed: UInt64
  /// The draw for a token is a function of (seed, step, prompt id, sample, position).
  public var step: UInt32

  public init(
    prompts: [Prompt], samplesPerPrompt: Int, maximumTokens: Int, temperature: Float,
    seed: UInt64, step: UInt32
  ) {
    self.prompts = prompts
    self.samplesPerPrompt = samplesPerPrompt
    self.maximumTokens = maximumTokens
    self.temperature = temperature
    self.seed = seed
    self.step = step
  }
}

/// Holds what a policy sampled. Group g holds the completions of prompt g.
public struct Generation: Sendable {
  /// A finished completion ends with an end token, or with the token that completes a stop string.
  public let sequences: SequenceBatch
  /// log π of each sampled token at the request's temperature (at 1 if that is 0), in nats.
  ///
  /// Of the whole distribution, also where `topK`, `topP`, `minP` or `minimumTokens` cut it for the
  /// draw: so it is what `score` gives, to the bit, and not the logarithm of the probability with
  /// which the token was drawn. A sampler of its own (`SeparateSamplerPolicy`) gives its own numbers.
  public let logProbabilities: [Float]
  /// Whether each sequence ended by itself: with an end token or a stop string.
  public let isFinished: [Bool]

  public init(sequences: SequenceBatch, logProbabilities: [Float], isFinished: [Bool]) {
    self.sequences = sequences
    self.logProbabilities = logProbabilities
    self.isFinished = isFinished
  }
}
