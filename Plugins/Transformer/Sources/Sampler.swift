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

  init(_ request: GenerationRequest, vocabulary: Int) {
    random = CounterRandom(seed: request.seed, purpose: "sampling")
    step = request.step
    isGreedy = request.temperature == 0
    inverseTemperature = isGreedy ? 1 : 1 / request.temperature
    self.vocabulary = Int32(vocabulary)
    topK = request.topK < vocabulary ? Int32(request.topK) : 0
    topP = request.topP
  }

  /// - Parameters:
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
      if isGreedy {
        tk_largest(logits, vocabulary)
      } else if topK == 0 && topP == 1 {
        tk_sample(logits, vocabulary, inverseTemperature, uniform, exponentials)
      } else {
        tk_sample_truncated(
          logits, vocabulary, inverseTemperature, topK, topP, uniform, exponentials)
      }
    let statistics = tk_score_token(logits, vocabulary, inverseTemperature, token)
    return (token, statistics.log_probability)
  }
}
