import FulcrumKernel

/// The calls by which a policy is tried.
enum PolicyTrial {
  struct Sampled {
    let generation: Generation
    let tokens: [Int32]
  }

  struct Scores {
    var logProbabilities: [Float] = []
    var entropies: [Float] = []
    var levers: [Float] = []
    /// The sequences, in the order in which they were visited.
    var pieces: [Int] = []

    var total: Double { logProbabilities.reduce(0) { $0 + Double($1) } }
  }

  /// Enough text for a small tokenizer.
  private static let texts: [String] = (0..<40).map { number in
    "Line \(number): Ann says that Bob is a knave, and Bob says that \(number) + 1 is \(number + 1). "
      + "The quick brown fox jumps over the lazy dog; who is right?"
  }

  /// Makes a fresh model unless there is one from a checkpoint.
  static func prepare(_ policy: any PolicyModel) throws(FulcrumError) {
    if !policy.isReady { try policy.create(fromTexts: texts) }
  }

  /// Two prompts, two samples of each, up to eight tokens.
  static func sample(_ policy: any PolicyModel) throws(FulcrumError) -> Sampled {
    let prompts: [GenerationRequest.Prompt] = [
      .init(tokens: try policy.encode("Ann says that"), id: 1),
      .init(tokens: try policy.encode("Who is right? Bob"), id: 2),
    ]
    let generation = try policy.generate(
      GenerationRequest(
        prompts: prompts, samplesPerPrompt: 2, maximumTokens: 8, temperature: 1, seed: 3, step: 1))
    let sequences = generation.sequences
    return Sampled(
      generation: generation, tokens: (0..<sequences.tokenCount).map { sequences.tokens[$0] })
  }

  static func scores(
    of batch: SequenceBatch, by policy: any PolicyModel, temperature: Float = 1
  ) throws(FulcrumError) -> Scores {
    var result = Scores()
    try policy.score(batch, sequences: 0..<batch.sequenceCount, temperature: temperature) {
      (sequences, scores) throws(FulcrumError) in
      result.pieces += Array(sequences)
      for token in scores.logProbabilities.indices {
        result.logProbabilities.append(scores.logProbabilities[token])
      }
      for token in scores.entropies.indices { result.entropies.append(scores.entropies[token]) }
      for token in scores.levers.indices { result.levers.append(scores.levers[token]) }
    }
    return result
  }

  /// One small step along weight · Σ ∇ log π.
  static func learn(
    from batch: SequenceBatch, weight: Float, by policy: any PolicyModel
  ) throws(FulcrumError) {
    try policy.accumulateGradient(
      of: batch, sequences: 0..<batch.sequenceCount, temperature: 1
    ) { (_, _, weights) throws(FulcrumError) in
      for token in weights.indices { weights[token] = weight }
    }
    // Small, so that curvature doesn't turn the sign; large against a rounding of log π.
    _ = try policy.applyGradient(learningRate: 1e-4)
  }
}
