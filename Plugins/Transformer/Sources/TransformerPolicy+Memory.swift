import FulcrumKernel
import TransformerFormats
import TransformerKernels

/// Estimates the memory of a step: what stays, and the larger of sampling and training.
extension TransformerPolicy: MemoryEstimatingPolicy {
  package func memory(for demand: MemoryDemand) -> [MemoryPart] {
    let shape = network?.shape ?? freshShape
    let layout = network?.layout ?? ParameterLayout(shape)
    let table = network?.trainedTable ?? layout.table
    let adapters = network?.adapter?.layout
    let weights = 4 * layout.floatCount
    let packed = packedBytes(shape)
    let trained = 4 * table.floatCount
    var parts = [
      MemoryPart("weights, f32", bytes: weights),
      MemoryPart("weights packed for products", bytes: packed),
    ]
    // Their values and those transposed.
    if adapters != nil { parts.append(MemoryPart("adapters, f32", bytes: 2 * trained)) }
    parts.append(MemoryPart("gradient, f32", bytes: trained))
    parts.append(
      MemoryPart(
        "optimiser's moments, f32",
        bytes: optimizerSettings.choice.momentPrefixes.count * trained))
    if demand.hasReference {
      parts.append(
        adapters == nil
          ? MemoryPart("reference's weights, f32", bytes: weights + packed)
          : MemoryPart("reference's adapters, f32", bytes: 2 * trained))
    }
    let phases = [
      ("sampling", sampling(demand, shape)), ("training", training(demand, shape, adapters)),
    ]
    let larger = phases.max { total($0.1) < total($1.1) }
    let (phase, most) = larger ?? ("", [])
    return (parts + most.map { MemoryPart("\(phase): \($0.name)", bytes: $0.bytes) })
      .filter { $0.bytes > 0 }
  }

  private func total(_ parts: [MemoryPart]) -> Int { parts.reduce(0) { $0 + $1.bytes } }

  /// Returns the bytes of the matrices' copies for oneDNN.
  private func packedBytes(_ shape: ModelShape) -> Int {
    guard case .oneDNN(let precision) = backEnd else { return 0 }
    let queryWidth = shape.headCount * shape.headSize
    let keyWidth = shape.keyValueHeadCount * shape.headSize
    func bytes(_ outputs: Int, _ inputs: Int) -> Int {
      tk_dnn_packed_bytes(Int32(inputs), Int32(outputs), precision.element)
        + (precision == .bf16 ? 2 * outputs * inputs : 0)
    }
    let layer =
      bytes(queryWidth + 2 * keyWidth, shape.width) + bytes(shape.width, queryWidth)
      + bytes(2 * shape.hiddenWidth, shape.width) + bytes(shape.width, shape.hiddenWidth)
    return shape.layerCount * layer
      + bytes(network?.logitCount ?? shape.vocabularySize, shape.width)
  }

  /// Each completion's prompt is counted, though those of a group share theirs.
  private func sampling(_ demand: MemoryDemand, _ shape: ModelShape) -> [MemoryPart] {
    let own = CompletionCache.floats(shape, tokens: max(1, demand.completionTokens))
    let rows = max(1, min(demand.completions, decodingMemory.waveFloats / own))
    let prompts = CompletionCache.floats(shape, tokens: max(1, demand.promptTokens))
    return [MemoryPart("keys and values of \(rows) rows", bytes: 4 * rows * (own + prompts))]
  }

  private func training(
    _ demand: MemoryDemand, _ shape: ModelShape, _ adapters: AdapterLayout?
  ) -> [MemoryPart] {
    let sequence = demand.promptTokens + demand.completionTokens
    // One sequence is taken whole, and a step may have fewer tokens than a piece has room for.
    let tokens = RowTiles.padded(
      min(max(microbatchTokens, sequence), max(1, demand.completions) * sequence))
    let scored = min(tokens, max(1, demand.completions) * demand.completionTokens)
    let vocabulary = network?.logitCount ?? shape.vocabularySize
    let kept = network?.keptLogitRows ?? scored
    return [
      MemoryPart(
        "activations of \(tokens) tokens",
        bytes: 4 * Activations(shape, isKept: true).floats(rows: tokens)),
      MemoryPart(
        "their gradients",
        bytes: 4 * tokens * BackwardBuffers.rowFloats(shape, adapters: adapters)),
      MemoryPart("logits", bytes: 4 * vocabulary * min(scored, kept)),
    ]
  }
}
