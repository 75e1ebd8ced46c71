import Foundation
import FulcrumKernel

/// Measures a policy through its protocol: training, decoding, and the matrix peak in the same run.
package struct PolicyBench {
  package let policy: any PolicyModel
  package let sequences: Int
  package let promptTokens: Int
  package let completionTokens: Int
  package let repeats: Int

  package init(
    policy: any PolicyModel, sequences: Int, promptTokens: Int, completionTokens: Int, repeats: Int
  ) {
    self.policy = policy
    self.sequences = sequences
    self.promptTokens = promptTokens
    self.completionTokens = completionTokens
    self.repeats = repeats
  }

  package struct Report: Sendable {
    /// Floating-point operations a second; `nil` where the policy does not say.
    package let peak: Double?
    /// Prompt and completion tokens a second, forward and backward.
    package let trainingTokens: Double
    package let trainingOperations: Double?
    /// Seconds of one optimiser step.
    package let optimizerSeconds: Double
    /// Sampled tokens a second, prompts' computation included.
    package let decodeTokens: Double
    package let decodeOperations: Double?
  }

  package func run() throws(FulcrumError) -> Report {
    var random = CounterRandom(seed: 1, purpose: "bench").stream(0)
    if !policy.isReady { try policy.create(fromTexts: Self.texts(&random)) }
    let tokens = try policy.encode(Self.texts(&random).joined(separator: " "))
    func take(_ count: Int) -> [Int32] {
      (0..<count).map { _ in tokens[Int.random(in: 0..<tokens.count, using: &random)] }
    }
    let prompts = (0..<sequences).map { _ in take(promptTokens) }
    let batch = SequenceBatch(
      prompts: prompts, completions: prompts.map { _ in [take(completionTokens)] })
    let peak = try policy.measureMatrixPeak()
    let training = try fastest { () throws(FulcrumError) in
      try policy.accumulateGradient(of: batch, sequences: 0..<sequences, temperature: 1) {
        (_, _, weights) in
        for i in weights.indices { weights[i] = i % 2 == 0 ? 1e-6 : -1e-6 }
      }
    }
    let optimizer = try fastest { () throws(FulcrumError) in
      _ = try policy.applyGradient(learningRate: 1e-9)
    }
    var sampled = 0
    let decoding = try fastest { () throws(FulcrumError) in
      let generation = try policy.generate(
        GenerationRequest(
          prompts: prompts.enumerated().map { .init(tokens: $1, id: UInt32($0)) },
          samplesPerPrompt: 1, maximumTokens: completionTokens, temperature: 1, seed: 1, step: 0))
      sampled = generation.sequences.tokenCount
    }
    let forward = policy.matrixOperations(
      promptTokens: promptTokens, completionTokens: completionTokens)
    let share = Double(sampled) / Double(sequences * completionTokens)
    return Report(
      peak: peak,
      trainingTokens: Double(sequences * (promptTokens + completionTokens)) / training,
      trainingOperations: forward.map { 3 * $0 * Double(sequences) / training },
      optimizerSeconds: optimizer, decodeTokens: Double(sampled) / decoding,
      decodeOperations: forward.map { $0 * Double(sequences) * share / decoding })
  }

  private func fastest(_ work: () throws(FulcrumError) -> Void) throws(FulcrumError) -> Double {
    var best = Double.infinity
    // The first pass touches fresh memory and is not counted.
    for pass in 0...repeats {
      let began = ContinuousClock.now
      try work()
      if pass > 0 { best = min(best, (ContinuousClock.now - began) / .seconds(1)) }
    }
    return best
  }

  /// Random words, enough to train a vocabulary on.
  private static func texts(_ random: inout RandomStream) -> [String] {
    let letters = Array("abcdefghijklmnopqrstuvwxyz")
    let words = (0..<2000).map { _ in
      String(
        (0..<Int.random(in: 2...7, using: &random)).map { _ in
          letters[Int.random(in: 0..<26, using: &random)]
        })
    }
    return (0..<200).map { _ in
      (0..<50).map { _ in words[Int.random(in: 0..<words.count, using: &random)] }
        .joined(separator: " ")
    }
  }
}

extension PolicyBench.Report {
  package var line: JSONLine {
    var line = JSONLine([
      ("training_tokens_per_second", .number(trainingTokens)),
      ("decode_tokens_per_second", .number(decodeTokens)),
      ("optimizer_seconds", .number(optimizerSeconds)),
    ])
    let operations = [
      ("peak_flops", peak), ("training_flops", trainingOperations),
      ("decode_flops", decodeOperations),
    ]
    for (name, value) in operations { if let value { line.add(name, .number(value)) } }
    return line
  }

  package func text(summary: String, threads: Int) -> String {
    func share(_ operations: Double?) -> String {
      guard let operations else { return "" }
      let rate = String(format: ", %.1f GFLOP/s", operations / 1e9)
      return rate
        + (peak.map { String(format: ", %.0f %% of the peak", 100 * operations / $0) } ?? "")
    }
    return """
      policy     \(summary), \(threads) threads
      peak       \(peak.map { String(format: "%.1f GFLOP/s", $0 / 1e9) } ?? "not known")
      training   \(String(format: "%.0f tokens/s", trainingTokens))\(share(trainingOperations))
      optimiser  \(String(format: "%.1f ms a step", 1000 * optimizerSeconds))
      decoding   \(String(format: "%.0f tokens/s", decodeTokens))\(share(decodeOperations))
      """
  }
}
