import Foundation
import FulcrumKernel

/// Measures a policy through its protocol, all in the same run: the matrix peak, training, prefill,
/// decoding, and a whole step on its own samples.
package struct PolicyBench {
  package let policy: any PolicyModel
  package let prompts: BenchPrompts
  /// G, the number of samples of each prompt; they share its computation where the policy can.
  package let samples: Int
  package let completionTokens: Int
  package let repeats: Int

  package init(
    policy: any PolicyModel, prompts: BenchPrompts, samples: Int, completionTokens: Int,
    repeats: Int
  ) {
    self.policy = policy
    self.prompts = prompts
    self.samples = samples
    self.completionTokens = completionTokens
    self.repeats = repeats
  }

  package func run() throws(FulcrumError) -> BenchReport {
    var random = CounterRandom(seed: 1, purpose: "bench").stream(0)
    if let fresh = policy as? any FreshPolicy, !fresh.isReady {
      try fresh.create(fromTexts: BenchPrompts.words(&random))
    }
    let speed = policy as? any SpeedReportingPolicy
    let vocabulary = try policy.encode(BenchPrompts.words(&random).joined(separator: " "))
    let promptTokens = try prompts.tokens(policy, vocabulary: vocabulary, &random)
    let fixed = SequenceBatch(
      prompts: promptTokens,
      completions: promptTokens.map { _ in
        (0..<samples).map { _ in
          (0..<completionTokens).map { _ in
            vocabulary[Int.random(in: 0..<vocabulary.count, using: &random)]
          }
        }
      })
    let peak = try speed?.measureMatrixPeak()
    let training = try fastest { () throws(FulcrumError) in
      try policy.accumulateTrialGradient(of: fixed)
    }
    let optimizer = try fastest { () throws(FulcrumError) in
      _ = try policy.applyGradient(learningRate: 1e-9)
    }
    // The pass over the prompts gives one token of each sample.
    let prefill = try fastest { () throws(FulcrumError) in
      _ = try generate(promptTokens, samples: 1, tokens: 1)
    }
    var generation: Generation?
    let sampling = try fastest { () throws(FulcrumError) in
      generation = try generate(promptTokens, samples: samples, tokens: completionTokens)
    }
    guard let generation else { preconditionFailure("every measurement runs at least once") }
    let sampled = generation.sequences
    let reference = try fastest { () throws(FulcrumError) in
      try policy.score(
        sampled, sequences: 0..<sampled.sequenceCount, request: ScoreRequest(temperature: 1)
      ) { _, _ in }
    }
    let stepTraining = try fastest { () throws(FulcrumError) in
      try policy.accumulateTrialGradient(of: sampled)
    }
    let phases = try PhaseBench(
      policy: policy, sequences: sampled, logProbabilities: generation.logProbabilities
    ).run(repeats: repeats)
    policy.discardGradient()
    return BenchReport(
      peak: peak,
      training: .init(
        tokens: promptTokens.reduce(0) { $0 + $1.count } + fixed.tokenCount,
        operations: speed.map { 3 * operations(fixed, of: $0) }, seconds: training),
      prefill: .init(
        tokens: promptTokens.reduce(0) { $0 + $1.count },
        operations: speed.map { promptOperations(promptTokens, of: $0) }, seconds: prefill),
      decoding: .init(
        tokens: sampled.tokenCount - sampled.sequenceCount,
        operations: speed.map {
          operations(sampled, of: $0) - promptOperations(promptTokens, of: $0)
        }, seconds: max(sampling - prefill, 1e-9)),
      step: .init(
        prompts: promptTokens.count, samples: samples,
        meanLength: Double(sampled.tokenCount) / Double(sampled.sequenceCount),
        samplingSeconds: sampling, referenceSeconds: reference, trainingSeconds: stepTraining,
        optimizerSeconds: optimizer),
      phases: phases, peakMemory: ProcessMemory.peakBytes)
  }

  private func generate(
    _ prompts: [[Int32]], samples: Int, tokens: Int
  ) throws(FulcrumError) -> Generation {
    try policy.generate(
      GenerationRequest(
        prompts: prompts.enumerated().map { .init(tokens: $1, id: UInt32($0)) },
        samplesPerPrompt: samples, maximumTokens: tokens, temperature: 1, seed: 1, step: 0))
  }

  /// Returns the operations of a forward pass in which a group's samples share their prompt. No
  /// pass takes fewer.
  private func operations(_ batch: SequenceBatch, of policy: any SpeedReportingPolicy) -> Double {
    var total = 0.0
    for group in 0..<batch.groupCount {
      let prompt = batch.promptOffsets[group + 1] - batch.promptOffsets[group]
      let shared = policy.matrixOperations(promptTokens: prompt, completionTokens: 1)
      total += shared
      for sequence in batch.sequences(ofGroup: group) {
        let count = batch.tokens(ofSequence: sequence).count
        total += policy.matrixOperations(promptTokens: prompt, completionTokens: count) - shared
      }
    }
    return total
  }

  private func promptOperations(_ prompts: [[Int32]], of policy: any SpeedReportingPolicy)
    -> Double
  {
    prompts.reduce(0) {
      $0 + policy.matrixOperations(promptTokens: $1.count, completionTokens: 1)
    }
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
}
