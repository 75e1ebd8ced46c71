import FulcrumKernel
import TorchPlugin

/// A call of the engine, made by what the kernel offers.
enum EngineCall: String, CaseIterable {
  case start, encode, decode, render, load, generate, generateBegin, generateEnd, score, accumulate,
    apply, discard, save,
    saveOptimizer, loadOptimizer, saveGradient, freeze, release, blend, snapshot, restore, forget,
    activationGradients, peak, end

  /// Whether the host can't be told of the call's failure: it learns of it by the next call.
  var isSilent: Bool { [.discard, .release, .forget, .end].contains(self) }

  /// What the call needs of the policy.
  private var parameters: [String: ParameterValue] {
    [.generateBegin, .generateEnd].contains(self) ? ["sampler": .text("vllm")] : [:]
  }

  /// Makes a policy, makes the call, and asks for scores afterwards.
  func make(_ bench: Bench, lie: String, _ given: [String: ParameterValue]) throws(FulcrumError) {
    let policy = try bench.policy(lie: lie, given.merging(parameters) { $1 })
    try ask(policy, bench)
    _ = try policy.logProbabilities()
  }

  private func ask(_ policy: TorchPolicy, _ bench: Bench) throws(FulcrumError) {
    switch self {
    case .start, .end: break
    case .encode: _ = try policy.encode("a")
    case .decode: _ = try policy.decode([97], keepingSpecialTokens: true)
    case .render: _ = try policy.render([ChatMessage(.user, "hi")])
    case .load: try policy.load()
    case .generate: try generate(policy)
    case .generateBegin, .generateEnd:
      try policy.beginGenerating(TorchPolicy.request)
      _ = try policy.finishGenerating()
    case .score: _ = try policy.logProbabilities(statistics: [.topTokens(2)])
    case .accumulate:
      try policy.accumulate(TokenMask([true, true, true, true, true, true, true, false]))
    case .apply: _ = try policy.applyGradient(learningRate: 0.1)
    case .discard: policy.discardGradient()
    case .save: try policy.save(to: bench.notes)
    case .saveOptimizer: try policy.saveOptimizer(to: bench.notes)
    case .loadOptimizer:
      try policy.saveOptimizer(to: bench.notes)
      try policy.loadOptimizer(from: bench.notes)
    case .saveGradient: try policy.saveGradient(to: bench.notes + "/gradient")
    // Both before the weights are there and after.
    case .freeze, .release:
      _ = try policy.frozenCopy()
      try policy.load()
      let copy = try policy.frozenCopy()
      withExtendedLifetime(copy) {}
    case .blend:
      let copy = try policy.frozenCopy() as? TorchPolicy
      try copy?.blend(with: policy, share: 0.5)
    case .snapshot, .forget: _ = try policy.snapshot()
    case .restore: try policy.restore(try policy.snapshot())
    case .activationGradients:
      _ = try policy.activationGradients(of: [0, 2], in: TorchPolicy.batch, temperature: 1)
    case .peak: _ = try policy.measureMatrixPeak()
    }
  }

  private func generate(_ policy: TorchPolicy) throws(FulcrumError) {
    var tokens: [[Int32]] = Array(repeating: [], count: 4)
    let generation = try policy.generate(TorchPolicy.request) { (prompt, sample, token) in
      tokens[prompt * 2 + sample].append(token)
    }
    let shown = tokens.flatMap(\.self)
    let sequences = generation.sequences
    for place in shown.indices { precondition(shown[place] == sequences.tokens[place]) }
  }
}
