import FulcrumKernel
import Settings
import Training

/// Estimates the time of a step from a trial on some of the first step's prompts. The trial takes
/// as many as fit into some seconds, for each sequence takes longer to sample if there are few.
package struct StepTrial {
  /// The number of prompts that the trial took.
  package let prompts: Int
  package let meanLength: Double
  let meanReward: Double
  /// Seconds of a whole step: sampling and rewards; then the reference; then the update.
  package let rollout: Double
  package let reference: Double
  package let update: Double
  /// The most memory that the process held, in bytes.
  let peakBytes: Int

  /// The prompts that a trial takes at least, and the seconds that it may last if it takes more.
  private static let fewPrompts = 4
  private static let patience = 5.0

  package var seconds: Double { rollout + reference + update }

  /// Runs the trial: samples, scores, and gives every token a weight of ±1e-6. The policy is not
  /// for use after it.
  ///
  /// - Throws: what sampling and reward functions throw. A configuration that would fail in its
  ///   first step fails here.
  package init(_ run: RunComponents, _ arithmetic: BatchArithmetic) throws(FulcrumError) {
    let clock = ContinuousClock()
    let components = run.training
    let sampler = run.sampler
    var order = try run.order
    let few = min(arithmetic.prompts, Self.fewPrompts)
    func train(_ sequences: SequenceBatch) throws(FulcrumError) {
      try components.policy.accumulateTrialGradient(
        of: sequences, temperature: components.options.temperature)
    }
    // The first pass touches fresh memory, and shows how many prompts a second pass has time for.
    let first = clock.now
    try train(try sampler.collect(try order.items(from: 0, count: few).items, step: 1).sequences)
    let affordable = Double(few) * Self.patience / max((clock.now - first) / .seconds(1), 1e-3)
    prompts = max(few, Int(min(Double(arithmetic.prompts), affordable)))
    let scale = Double(arithmetic.prompts) / Double(prompts)
    let items = try order.items(from: 0, count: prompts).items
    let began = clock.now
    let sample = try sampler.collect(items, step: 1)
    let sampled = clock.now
    let sequences = sample.sequences
    let all = 0..<sequences.sequenceCount
    if let reference = components.reference {
      _ = try ScoredColumns(
        of: sequences, sequences: all, by: reference, temperature: components.options.temperature)
    }
    let scored = clock.now
    try train(sequences)
    let trained = clock.now
    _ = try components.policy.applyGradient(learningRate: 0)
    let applied = clock.now
    meanLength = Double(sequences.tokenCount) / Double(max(1, sequences.sequenceCount))
    meanReward = Statistics.mean(sample.rewards.filter { !$0.isNaN }.map(Double.init))
    rollout = (sampled - began) / .seconds(1) * scale
    reference = (scored - sampled) / .seconds(1) * scale
    update =
      (trained - scored) / .seconds(1) * scale
      * Double(arithmetic.schedule.phases.count * arithmetic.iterations)
      + (applied - trained) / .seconds(1) * Double(arithmetic.optimizerSteps)
    peakBytes = ProcessMemory.peakBytes
  }

  package func lines(steps: Int) -> [(String, String)] {
    func seconds(_ value: Double) -> String { "\((value * 100).rounded() / 100) s" }
    return [
      (
        "time a step",
        "\(seconds(self.seconds)): sampling and rewards \(seconds(rollout)), reference"
          + " \(seconds(reference)), update \(seconds(update))"
      ),
      (
        "time of the run",
        "about \(Self.duration(self.seconds * Double(steps))) while completions stay as long, without"
          + " evaluations"
      ),
      (
        "trial",
        Counted.text(prompts, "prompt")
          + ": mean length \(BatchArithmetic.decimal(meanLength)), mean reward"
          + " \((meanReward * 1000).rounded() / 1000), memory at its peak"
          + " \(BatchArithmetic.bytes(peakBytes))"
      ),
    ]
  }

  private static func duration(_ seconds: Double) -> String {
    let whole = Int(seconds.rounded())
    if whole < 120 { return "\(whole) s" }
    if whole < 7200 { return "\(whole / 60) min \(whole % 60) s" }
    return "\(whole / 3600) h \(whole % 3600 / 60) min"
  }
}
