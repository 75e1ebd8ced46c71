/// Holds what a rank has in memory at a step's peak.
///
/// The formula is the engine's (`memory.py`, Documentation/Engine.md), and a test holds the two to each other.
package struct MemoryPlan: Sendable, Equatable {
  package struct Part: Sendable, Equatable {
    package let name: String
    package let bytes: Double
  }

  /// What stays, then the larger of sampling and training.
  package let parts: [Part]
  /// What a rank may have.
  package let limit: Double
  /// The phase with the peak.
  package let peak: String

  package var bytes: Double { parts.reduce(0) { $0 + $1.bytes } }
  package var fits: Bool { bytes <= limit }
  /// What to change if it doesn't fit, the cheapest first.
  package let remedies: [String]

  /// The bytes of a chunk's logits, three times; and of those that a pass on the processor keeps.
  private static let chunk = 3.0 * 134_217_728
  private static let kept = 536_870_912.0

  package init(_ job: Job, _ machine: Machine, _ layout: Layout) {
    let (engine, model) = (job.engine, job.model)
    let width = Double(engine.bytes)
    let share = engine.isSharded ? layout.ranks : 1
    let count = Double(model.parameterCount)
    let trained = Double(4 * job.trainedWeights / share)
    let isApart = engine.isBF16 && !engine.isSharded
    var parts: [Part] = [
      engine.isSharded
        ? Part(name: "weights, f32", bytes: (4 * count / Double(share)).rounded(.down))
        : Part(name: "weights, \(engine.isBF16 ? "bf16" : "f32")", bytes: width * count)
    ]
    if isApart, engine.loraRank == 0 {
      parts.append(Part(name: "weights in f32 for the optimiser", bytes: trained))
    }
    parts.append(Part(name: "gradient, f32", bytes: trained))
    if engine.isAdamW { parts.append(Part(name: "optimiser's moments, f32", bytes: 2 * trained)) }
    if job.hasReference { parts.append(Part(name: "reference's weights, f32", bytes: trained)) }

    let length = Double(job.promptTokens + job.maximumLength)
    let completions = (job.completions + layout.ranks - 1) / layout.ranks
    let rows = Double(min(engine.decodingRows, completions))
    let vocabulary = Double(model.vocabulary)
    let sampling: [Part] =
      engine.hasServer
      ? []
      : [
        Part(name: "whole weights", bytes: engine.isSharded ? width * count : 0),
        Part(
          name: "packed weights",
          bytes: !machine.isGPU && !engine.isSharded ? width * count : 0),
        Part(
          name: "keys and values of \(Int(rows)) rows",
          bytes: rows * length * Double(model.cacheBytes(engine.bytes))),
        Part(name: "logits of a step", bytes: rows * vocabulary * (4 + width)),
      ]
    let tokens = min(
      max(Double(engine.microbatchTokens), length), length * Double(job.completions))
    let layer = tokens * Double(model.activationBytes(engine.bytes))
    let layers = Double(model.layers)
    let activations =
      engine.checkpoints
      ? tokens * layers * Double(model.width) * width + layer : layers * layer
    let training = [
      Part(name: "activations of \(Int(tokens)) tokens", bytes: activations),
      Part(name: "logits of a chunk", bytes: Self.chunk),
      Part(
        name: "logits that are kept",
        bytes: machine.isGPU ? 0 : min(Self.kept, 4 * vocabulary * tokens)),
    ]
    func sum(_ parts: [Part]) -> Double { parts.reduce(0) { $0 + $1.bytes } }
    let isSampling = sum(sampling) >= sum(training)
    peak = isSampling ? "sampling" : "training"
    self.parts =
      parts
      + (isSampling ? sampling : training).filter { $0.bytes > 0 }.map { [peak] in
        Part(name: "\(peak): \($0.name)", bytes: $0.bytes)
      }
    limit = machine.memory / Double(machine.isGPU ? 1 : layout.ranksOfNode)
    remedies = Self.remedies(
      job, layout, isSampling: isSampling,
      sampledWeights: isSampling ? width * count : 0, limit: limit)
  }

  /// - Parameter sampledWeights: bytes of the whole model, which each rank has while it samples.
  private static func remedies(
    _ job: Job, _ layout: Layout, isSampling: Bool, sampledWeights: Double, limit: Double
  ) -> [String] {
    let engine = job.engine
    // No number of ranks helps a model that is too large for one while it samples.
    let isTooLarge = sampledWeights > 0.8 * limit
    let server = "policy.sampler: vllm, on GPUs of its own"
    guard !isTooLarge else { return [server] }
    var found: [String] = []
    if isSampling, engine.decodingRows > 16 { found.append("lower policy.decoding-rows") }
    if !isSampling, engine.microbatchTokens > job.promptTokens + job.maximumLength {
      found.append("lower policy.microbatch-tokens")
    }
    if !isSampling, !engine.checkpoints { found.append("policy.gradient-checkpointing: true") }
    if !engine.isBF16 { found.append("policy.precision: bf16") }
    if !engine.isSharded, layout.ranks > 1 { found.append("policy.shard: fsdp2") }
    if engine.loraRank == 0 { found.append("policy.lora-rank: 32") }
    if isSampling { found.append(server) }
    found.append("more GPUs" + (engine.isSharded ? "" : " with policy.shard: fsdp2"))
    return found
  }
}
