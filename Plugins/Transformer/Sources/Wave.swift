import FulcrumKernel
import TransformerFormats

/// Decodes samples together: all advance by one token a step.
///
/// A prompt is run once, and its keys and values serve all of its samples. Finished samples are
/// taken out, so that the rows at work are the active ones, without gaps.
final class Wave {
  struct Sample {
    /// The place of its prompt in the request.
    let prompt: Int
    /// The sample's number among those of its prompt.
    let number: Int
    let promptLength: Int
    /// The longest completion that request and context allow.
    let limit: Int
  }

  /// Holds adjacent active rows of samples of one prompt: an item of the attention's work.
  struct Chunk {
    let rows: Range<Int>
    /// The place of the prompt in the wave.
    let prompt: Int
  }

  let network: Network
  let samples: [Sample]
  /// The request's prompts that the wave's samples follow.
  let prompts: ClosedRange<Int>
  let request: GenerationRequest
  let promptCache: PromptCache
  let completionCache: CompletionCache
  let sampler: Sampler
  let drawn: DrawnTokens
  /// The number of tokens drawn of every active sample.
  private(set) var position = 0
  /// The samples that go on, in order: one for each row.
  private(set) var active: [Int]
  private(set) var chunks: [Chunk] = []
  private(set) var rowTokens: [Int32] = []
  private(set) var rowPositions: [Int32] = []
  private var counts: [Int]
  private var isFinished: [Bool]
  private var endings: CompletionEndings
  private let prefillRows: Int

  /// - Precondition: at least one sample, and every limit at least 1.
  init(_ decoder: Decoder, samples: [Sample]) {
    precondition(!samples.isEmpty, "a wave has samples")
    network = decoder.network
    request = decoder.request
    prefillRows = decoder.prefillRows
    self.samples = samples
    prompts = samples[0].prompt...samples[samples.count - 1].prompt
    let longest = samples.reduce(1) { max($0, $1.limit) }
    promptCache = PromptCache(
      network.shape, lengths: request.prompts[prompts].map(\.tokens.count),
      memory: decoder.memory.prompts)
    // The last token is never fed back, so it needs no room.
    completionCache = CompletionCache(
      network.shape, samples: samples.count, tokens: max(1, longest - 1),
      memory: decoder.memory.completions)
    sampler = Sampler(
      request, vocabulary: network.logitCount, endTokens: decoder.endTokens)
    drawn = DrawnTokens(samples: samples.count, room: longest)
    active = Array(samples.indices)
    counts = samples.map { _ in 0 }
    isFinished = samples.map { _ in false }
    endings = CompletionEndings(decoder, samples: samples.count)
  }

  /// Decodes all samples to their ends.
  ///
  /// - Parameter observe: receives each token, sample by sample, step by step.
  func run(observe: (_ prompt: Int, _ sample: Int, _ token: Int32) -> Void) {
    prefill(rows: prefillRows)
    showDrawn(to: observe)
    advance()
    while !active.isEmpty {
      step()
      showDrawn(to: observe)
      advance()
    }
  }

  private func showDrawn(to observe: (_ prompt: Int, _ sample: Int, _ token: Int32) -> Void) {
    for sample in active {
      observe(
        samples[sample].prompt, samples[sample].number,
        drawn.token(sample: sample, position: position))
    }
  }

  /// Returns a sample's tokens, their log π, and whether it ended by itself.
  func completion(of sample: Int) -> (
    tokens: [Int32], logProbabilities: [Float], isFinished: Bool
  ) {
    let count = counts[sample]
    return (
      drawn.completion(sample: sample, count: count),
      drawn.logProbabilities(sample: sample, count: count), isFinished[sample]
    )
  }

  /// Counts the tokens just drawn, takes out samples that ended, and sets up the rows.
  private func advance() {
    let before = active.count
    active.removeAll { sample in
      counts[sample] = position + 1
      isFinished[sample] = endings.isEnd(
        drawn.token(sample: sample, position: position), of: sample, at: position)
      return isFinished[sample] || position + 1 == samples[sample].limit
    }
    if active.count != before || position == 0 {
      chunks = makeChunks()
      rowTokens = Array(repeating: 0, count: RowTiles.padded(active.count))
      rowPositions = rowTokens
    }
    for (row, sample) in active.enumerated() {
      rowTokens[row] = drawn.token(sample: sample, position: position)
      rowPositions[row] = Int32(samples[sample].promptLength + position)
    }
    position += 1
  }

  /// The most rows of a chunk.
  static func chunkRows(headsPerKey: Int) -> Int { max(1, 8 / headsPerKey) }

  /// Groups samples of a prompt, as many as make eight query rows: they share each read of its
  /// keys.
  private func makeChunks() -> [Chunk] {
    let size = Self.chunkRows(headsPerKey: network.headsPerKey)
    var chunks: [Chunk] = []
    var first = 0
    while first < active.count {
      let prompt = samples[active[first]].prompt
      var end = first + 1
      while end < active.count, end - first < size, samples[active[end]].prompt == prompt {
        end += 1
      }
      chunks.append(Chunk(rows: first..<end, prompt: prompt - prompts.lowerBound))
      first = end
    }
    return chunks
  }
}
