import FulcrumKernel
import TransformerFormats

/// Samples completions in waves, each of as many samples as fit in memory.
///
/// A token doesn't depend on the rest of its wave: products run on padded rows, and attention and
/// sampling are functions of the row.
struct Decoder {
  let network: Network
  let request: GenerationRequest
  /// The tokens that end a completion.
  let endTokens: [Int32]
  let stops: StopMatcher
  /// Has the bytes of the tokens, in which stop strings are looked for.
  let tokenizer: Tokenizer
  /// The most prompt tokens that are run at a time.
  let prefillRows: Int
  let memory: DecodingMemory

  /// Samples all completions that the request asks for.
  ///
  /// - Parameter observe: receives each token on this thread, once its step is done.
  func run(observe: (_ prompt: Int, _ sample: Int, _ token: Int32) -> Void) -> Generation {
    let shape = network.shape
    let limits = request.prompts.map {
      min(request.maximumTokens, shape.contextLength - $0.tokens.count)
    }
    let total = request.prompts.count * request.samplesPerPrompt
    let longest = limits.max() ?? 0
    let waveSize = max(
      1, memory.waveFloats / CompletionCache.floats(shape, tokens: max(1, longest)))
    var completions: [[[Int32]]] = Array(repeating: [], count: request.prompts.count)
    var logProbabilities: [Float] = []
    var isFinished: [Bool] = []
    for first in stride(from: 0, to: total, by: waveSize) {
      let samples = (first..<min(first + waveSize, total)).map { index in
        let prompt = index / request.samplesPerPrompt
        return Wave.Sample(
          prompt: prompt, number: index % request.samplesPerPrompt,
          promptLength: request.prompts[prompt].tokens.count, limit: limits[prompt])
      }
      let wave = Wave(self, samples: samples)
      wave.run(observe: observe)
      for (index, sample) in samples.enumerated() {
        let completion = wave.completion(of: index)
        completions[sample.prompt].append(completion.tokens)
        logProbabilities += completion.logProbabilities
        isFinished.append(completion.isFinished)
      }
    }
    return Generation(
      sequences: SequenceBatch(
        prompts: request.prompts.map(\.tokens), completions: completions),
      logProbabilities: logProbabilities, isFinished: isFinished)
  }
}
