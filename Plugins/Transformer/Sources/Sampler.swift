import FulcrumKernel
import TransformerKernels

/// Draws a token from logits, and returns its log-probability.
struct Sampler {
  private let random: CounterRandom
  private let step: UInt32
  private let isGreedy: Bool
  private let inverseTemperature: Float
  private let vocabulary: Int32
  /// The number of the likeliest tokens that are drawn from; 0: all tokens.
  private let topK: Int32
  private let topP: Float
  private let minP: Float
  private let isCut: Bool
  /// The number of a completion's first tokens of which none is an end token.
  private let minimumTokens: Int
  private let endTokens: [Int32]

  init(_ request: GenerationRequest, vocabulary: Int, endTokens: [Int32]) {
    random = CounterRandom(seed: request.seed, purpose: "sampling")
    step = request.step
    isGreedy = request.temperature == 0
    inverseTemperature = isGreedy ? 1 : 1 / request.temperature
    self.vocabulary = Int32(vocabulary)
    topK = request.topK < vocabulary ? Int32(request.topK) : 0
    topP = request.topP
    minP = request.minP
    isCut = topK > 0 || topP < 1 || minP > 0
    minimumTokens = request.minimumTokens
    // Some checkpoints name end tokens that the model has no row for.
    self.endTokens = endTokens.filter { (0..<Int32(vocabulary)).contains($0) }
  }

  /// - Parameters:
  ///   - logits: as they are again when it returns.
  ///   - position: the token's place in its completion.
  ///   - exponentials: room for the vocabulary, rounded up to whole vectors.
  /// - Returns: the token and log π of it at the temperature (at 1 if greedy), of the whole
  ///   distribution.
  func draw(
    _ logits: FloatBuffer.Pointer, prompt: UInt32, sample: Int, position: Int,
    exponentials: FloatBuffer.Pointer
  ) -> (token: Int32, logProbability: Float) {
    let uniform = random.uniform(
      step: step, prompt: prompt, sample: UInt32(sample), token: UInt32(position))
    let token =
      if position < minimumTokens {
        withoutEndTokens(logits) { pick(logits, uniform, exponentials) }
      } else {
        pick(logits, uniform, exponentials)
      }
    let statistics = tk_score_token(logits, vocabulary, inverseTemperature, token)
    return (token, statistics.log_probability)
  }

  private func pick(
    _ logits: FloatBuffer.Pointer, _ uniform: Float, _ exponentials: FloatBuffer.Pointer
  ) -> Int32 {
    if isGreedy {
      tk_largest(logits, vocabulary)
    } else if isCut {
      tk_sample_truncated(
        logits, vocabulary, inverseTemperature, topK, topP, minP, uniform, exponentials)
    } else {
      tk_sample(logits, vocabulary, inverseTemperature, uniform, exponentials)
    }
  }

  /// Runs a draw while end tokens have no probability.
  private func withoutEndTokens(_ logits: FloatBuffer.Pointer, _ draw: () -> Int32) -> Int32 {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: endTokens.count) { own in
      for (place, token) in endTokens.enumerated() {
        own.initializeElement(at: place, to: logits[Int(token)])
        logits[Int(token)] = -.infinity
      }
      let token = draw()
      // Backwards, so that a token that is named twice has its own logit again.
      for place in endTokens.indices.reversed() { logits[Int(endTokens[place])] = own[place] }
      return token
    }
  }
}
