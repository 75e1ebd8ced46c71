extension Machine {
  /// Machines of data sheets, so that a run can be planned before the machine is there.
  ///
  /// - Source: NVIDIA's data sheets of the products: dense rates without sparsity, one direction of NVLink or
  ///   PCIe, one network card of each GPU. What of it a run attains is assumed (`attained`).
  package static let known: [(name: String, machine: Machine)] = [
    gpu(
      "h100", name: "H100 SXM 80 GB", memory: 80e9, f32: 66.9e12, bf16: 989.4e12, bytes: 3.35e12,
      within: 450e9, between: 8 * 50e9),
    gpu(
      "h200", name: "H200 SXM 141 GB", memory: 141e9, f32: 66.9e12, bf16: 989.4e12, bytes: 4.8e12,
      within: 450e9, between: 8 * 50e9),
    gpu(
      "a100", name: "A100 SXM 80 GB", memory: 80e9, f32: 19.5e12, bf16: 312e12, bytes: 2.039e12,
      within: 300e9, between: 8 * 25e9),
    gpu(
      "l40s", name: "L40S 48 GB", memory: 48e9, f32: 91.6e12, bf16: 362e12, bytes: 864e9,
      within: 32e9, between: 25e9),
    gpu(
      "rtx-4090", name: "RTX 4090 24 GB", memory: 24e9, f32: 82.6e12, bf16: 165.2e12,
      bytes: 1.008e12, within: 32e9, between: 12.5e9),
  ]

  /// Finds a machine of a data sheet by its short name: `h100`.
  package static func named(_ name: String) -> Machine? {
    known.first { $0.name == name.lowercased() }?.machine
  }

  /// Holds the assumptions about a GPU beside its data sheet.
  private enum Assumed {
    /// The attained shares of peak rates: large products, attention, memory, links.
    static let products = 0.65
    static let attention = 0.35
    static let memory = 0.8
    static let link = 0.75
    /// Bytes that are moved of each logit in f32: copies, exponentials, sums, and in scoring the gradient.
    static let drawBytes = 40.0
    static let scoreBytes = 24.0
    /// Seconds of a layer's kernels, started one by one from Python; forward and backward in training.
    static let layer = 0.7e-3
    static let trainedLayer = 2.5e-3
    static let pass = 5e-3
    static let step = 2e-3
    /// Of a server that replays whole steps as graphs.
    static let serverStep = 3e-3
    static let latencyWithin = 2e-6
    static let latencyBetween = 5e-6
    static let overlap = 0.8
    /// Weights that are written to a memory's file system and read from it.
    static let file = 2e9
  }

  private static func gpu(
    _ key: String, name: String, memory: Double, f32: Double, bf16: Double, bytes: Double,
    within: Double, between: Double
  ) -> (name: String, machine: Machine) {
    let peak = PrecisionRate(f32: f32, bf16: bf16)
    let products = PrecisionRate(f32: f32 * Assumed.products, bf16: bf16 * Assumed.products)
    let attention = PrecisionRate(f32: f32 * Assumed.attention, bf16: bf16 * Assumed.attention)
    let moved = bytes * Assumed.memory
    func passes(layer: Double) -> PassRates {
      PassRates(
        pass: Assumed.pass, layer: layer, products: products, attention: attention,
        elements: moved, logits: moved / Assumed.scoreBytes, gradients: moved)
    }
    func steps(step: Double, layer: Double) -> StepRates {
      StepRates(
        step: step, layer: layer, products: products, weights: moved, cache: moved,
        logits: moved / Assumed.drawBytes, layout: 0)
    }
    let machine = Machine(
      name: name, source: .assumed, isGPU: true, memory: memory, cores: 0, threadShare: 1,
      rankShare: 1, peak: peak, scoring: passes(layer: Assumed.layer),
      training: passes(layer: Assumed.trainedLayer),
      sampling: steps(step: Assumed.step, layer: Assumed.layer), optimizerStep: Assumed.pass,
      optimizerBytes: moved, overlap: Assumed.overlap,
      within: Link(bandwidth: within * Assumed.link, latency: Assumed.latencyWithin),
      between: Link(bandwidth: between * Assumed.link, latency: Assumed.latencyBetween),
      transfer: Assumed.file, server: steps(step: Assumed.serverStep, layer: 0))
    return (key, machine)
  }
}
