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
  /// A completion that reaches this length without an end token is cut, and not finished.
  public var maximumTokens: Int
  /// 0: take the most likely token. Else logits are divided by it before the softmax.
  public var temperature: Float
  /// Draw from the so many most likely tokens only, of equal ones those of lower numbers; 0: all.
  public var topK = 0
  /// Draw only from the most likely tokens whose probabilities, renormalised after `topK`, first
  /// add up to this share, of equal ones those of lower numbers. In 0...1, without 0; 1: all.
  public var topP: Float = 1
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
  /// A finished completion ends with its end token.
  public let sequences: SequenceBatch
  /// log π of each sampled token at the request's temperature (at 1 if that is 0), in nats.
  ///
  /// Of the whole distribution, also where `topK` or `topP` cut it for the draw: so it is what
  /// `score` gives, to the bit.
  public let logProbabilities: [Float]
  /// Whether each sequence ended by itself.
  public let isFinished: [Bool]

  public init(sequences: SequenceBatch, logProbabilities: [Float], isFinished: [Bool]) {
    self.sequences = sequences
    self.logProbabilities = logProbabilities
    self.isFinished = isFinished
  }
}
