import FulcrumKernel
import TransformerKernels

/// Draws a token from logits, and says how likely it was.
struct Sampler {
  private let random: CounterRandom
  private let step: UInt32
  private let isGreedy: Bool
  private let inverseTemperature: Float
  private let vocabulary: Int32

  init(_ request: GenerationRequest, vocabulary: Int) {
    random = CounterRandom(seed: request.seed, purpose: "sampling")
    step = request.step
    isGreedy = request.temperature == 0
    inverseTemperature = isGreedy ? 1 : 1 / request.temperature
    self.vocabulary = Int32(vocabulary)
  }

  /// - Parameters:
  ///   - position: the token's place in its completion.
  ///   - exponentials: room for the vocabulary, rounded up to whole vectors.
  /// - Returns: the token and log π of it at the temperature (at 1 if greedy).
  func draw(
    _ logits: FloatBuffer.Pointer, prompt: UInt32, sample: Int, position: Int,
    exponentials: FloatBuffer.Pointer
  ) -> (token: Int32, logProbability: Float) {
    let token =
      isGreedy
      ? tk_largest(logits, vocabulary)
      : tk_sample(
        logits, vocabulary, inverseTemperature,
        random.uniform(
          step: step, prompt: prompt, sample: UInt32(sample), token: UInt32(position)),
        exponentials)
    let statistics = tk_score_token(logits, vocabulary, inverseTemperature, token)
    return (token, statistics.log_probability)
  }
}
