import FulcrumKernel
import TransformerFormats

/// Runs the wave's prompts, keeps their keys and values, and draws each sample's first token.
extension Wave {
  /// - Parameter rows: the most prompt tokens that are run at a time; a longer prompt is run alone.
  func prefill(rows limit: Int) {
    let tokens = request.prompts[prompts].map(\.tokens)
    var first = 0
    while first < tokens.count {
      var end = first + 1
      var rows = tokens[first].count
      while end < tokens.count, rows + tokens[end].count <= limit {
        rows += tokens[end].count
        end += 1
      }
      prefill(first..<end, tokens: tokens)
      first = end
    }
  }

  /// - Parameter part: the places of the prompts in the wave.
  private func prefill(_ part: Range<Int>, tokens: [[Int32]]) {
    let batch = PackedBatch(prompts: tokens[part])
    let activations = network.transient
    network.forward(batch, activations, cache: promptCache, firstPrompt: part.lowerBound)
    let vocabulary = network.logitCount
    let tiles = network.headTiles(part.count)
    let exit = activations.residual(network.shape.layerCount)
    // Samples are in the order of their prompts.
    var samplesOfPrompt = Array(repeating: 0..<0, count: part.count)
    for (index, sample) in samples.enumerated() {
      let place = sample.prompt - prompts.lowerBound - part.lowerBound
      guard samplesOfPrompt.indices.contains(place) else { continue }
      let begin = samplesOfPrompt[place].isEmpty ? index : samplesOfPrompt[place].lowerBound
      samplesOfPrompt[place] = begin..<index + 1
    }
    network.pool.run(tiles.count) { tile, worker in
      let (first, rows, padded) = tiles[tile]
      let scratch = self.network.scratch[worker]
      let logits = scratch.logits.reserve(tiles.tileRows * vocabulary)
      self.network.gatherNormalized(
        exit, batch.predictingRows, first: first, rows: rows, into: scratch.hidden.pointer)
      self.network.multiplyHead(scratch.hidden.pointer, rows: padded, into: logits, scratch)
      for row in 0..<rows {
        for sample in samplesOfPrompt[first + row] {
          self.draw(sample, logits: logits + row * vocabulary, scratch)
        }
      }
    }
  }

  /// Draws a sample's next token from its logits.
  func draw(_ sample: Int, logits: FloatBuffer.Pointer, _ scratch: WorkerScratch) {
    let exponentials = scratch.exponentials.reserve(KeyValueLayout.padded(network.logitCount))
    drawn.record(
      sampler.draw(
        logits, prompt: request.prompts[samples[sample].prompt].id,
        sample: samples[sample].number, position: position, exponentials: exponentials),
      sample: sample, position: position)
  }
}
