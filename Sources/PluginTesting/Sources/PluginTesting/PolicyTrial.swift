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
    /// The statistics that were asked for beside the three.
    var further: [TokenStatistic: [Float]] = [:]
    /// The places of the tokens, in the order in which they were visited.
    var places: [Int] = []

    var total: Double { logProbabilities.reduce(0) { $0 + Double($1) } }
    var totalEntropy: Double { entropies.reduce(0) { $0 + Double($1) } }
  }

  /// Enough text for a small tokenizer.
  static let texts: [String] = (0..<40).map { number in
    "Line \(number): Ann says that Bob is a knave, and Bob says that \(number) + 1 is \(number + 1). "
      + "The quick brown fox jumps over the lazy dog; who is right?"
  }

  /// Makes a fresh model where the policy needs it.
  static func prepare(_ policy: any PolicyModel) throws(FulcrumError) {
    guard let fresh = policy as? any FreshPolicy, !fresh.isReady else { return }
    try fresh.create(fromTexts: texts)
  }

  /// Two prompts, two samples of each, up to eight tokens.
  static var request: GenerationRequest {
    GenerationRequest(
      prompts: [], samplesPerPrompt: 2, maximumTokens: 8, temperature: 1, seed: 3, step: 1)
  }

  static func request(for policy: any PolicyModel) throws(FulcrumError) -> GenerationRequest {
    var request = request
    request.prompts = [
      .init(tokens: try policy.encode("Ann says that"), id: 1),
      .init(tokens: try policy.encode("Who is right? Bob"), id: 2),
    ]
    return request
  }

  static func sample(_ policy: any PolicyModel) throws(FulcrumError) -> Sampled {
    let generation = try policy.generate(try request(for: policy))
    let sequences = generation.sequences
    return Sampled(
      generation: generation, tokens: (0..<sequences.tokenCount).map { sequences.tokens[$0] })
  }

  static func scores(
    of batch: SequenceBatch, by policy: any FrozenPolicy, temperature: Float = 1,
    statistics: Set<TokenStatistic> = []
  ) throws(FulcrumError) -> Scores {
    var result = Scores()
    let request = ScoreRequest(temperature: temperature, statistics: statistics)
    try policy.score(batch, sequences: 0..<batch.sequenceCount, request: request) {
      (tokens, scores) throws(FulcrumError) in
      result.places += Array(tokens)
      for token in scores.logProbabilities.indices {
        result.logProbabilities.append(scores.logProbabilities[token])
      }
      for token in scores.entropies.indices { result.entropies.append(scores.entropies[token]) }
      for token in scores.levers.indices { result.levers.append(scores.levers[token]) }
      for statistic in request.statistics {
        let values = try scores.values(of: statistic)
        for place in values.indices { result.further[statistic, default: []].append(values[place]) }
      }
    }
    return result
  }

  /// Adds weights · ∇ log π to the gradient.
  ///
  /// - Parameter weight: of a token, by its place in the batch.
  static func accumulate(
    _ batch: SequenceBatch, participants: TokenMask = .all, by policy: any PolicyModel,
    weight: (Int) -> Float
  ) throws(FulcrumError) {
    try policy.accumulateGradient(
      of: batch, sequences: 0..<batch.sequenceCount, request: ScoreRequest(temperature: 1),
      participants: participants
    ) { (tokens, _, weights) throws(FulcrumError) in
      for index in weights.indices { weights[index] = weight(tokens[index]) }
    }
  }

  /// One small step along weight · Σ ∇ log π.
  static func learn(
    from batch: SequenceBatch, weight: Float, by policy: any PolicyModel
  ) throws(FulcrumError) {
    try accumulate(batch, by: policy) { _ in weight }
    _ = try apply(policy)
  }

  static func apply(_ policy: any PolicyModel) throws(FulcrumError) -> GradientReport {
    // Small, so that curvature doesn't turn the sign; large against a rounding of log π.
    try policy.applyGradient(learningRate: 1e-4)
  }
}
