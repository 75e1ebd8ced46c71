import Files
import Foundation
import FulcrumKernel
import JSON
import Settings
import Training

/// Makes a warm start: trains a policy on a task's demonstrations, for reinforcement learning to
/// begin from.
package struct WarmStart {
  package let setup: RunSetup
  package let observer: any RunObserver

  /// The file of each step's metrics, within the checkpoint's folder.
  package static let metricsFile = "sft.jsonl"
  /// The folder of the checkpoints on the way, within the checkpoint's folder.
  private static let checkpoints = "checkpoints"
  private static let heldOutLoss = "held_out/loss"
  private static let heldOutAccuracy = "held_out/token_accuracy"

  package init(setup: RunSetup, observer: any RunObserver) {
    self.setup = setup
    self.observer = observer
  }

  /// Imitates the demonstrations and writes a checkpoint to `output`, and those on the way to
  /// `output/checkpoints`.
  ///
  /// The loss is the mean of −log π over a batch's completion tokens, end token included.
  ///
  /// - Returns: `true` if all demonstrations were used; `false` if it was stopped before.
  package func run(output: String, shouldStop: () -> Bool) throws(FulcrumError) -> Bool {
    let settings = setup.configuration.warmStart
    let batch = settings.batch
    let policy = setup.policy
    let demonstrations = try Demonstrations(setup)
    observer.note("policy \(policy.summary)")
    let count = demonstrations.numbers.count
    observer.note(
      Counted.text(count, "demonstration")
        + (demonstrations.heldOut.isEmpty
          ? "" : ", and \(demonstrations.heldOut.count) held out"))
    for note in demonstrations.notes { observer.note(note) }
    if let note = setup.task.writer.note { observer.note("warning: \(note)") }
    let stepsPerEpoch = (count + batch - 1) / batch
    let steps = stepsPerEpoch * settings.epochs
    let rate = settings.learningRate.schedule(steps: steps)
    let warnings = ConfigurationWarnings.learningRate(
      settings.learningRate, of: WarmStartSettings.key, steps: steps)
    for warning in warnings { observer.note("warning: \(warning)") }
    let samples = try WarmStartSamples(setup)
    for note in samples?.notes ?? [] { observer.note(note) }
    var lines: [String] = []
    try measure(demonstrations, samples, step: 0, to: &lines)
    let began = ContinuousClock.now
    var isComplete = true
    var order: [Int] = []
    for step in 1...steps {
      let first = (step - 1) % stepsPerEpoch * batch
      if first == 0 { order = demonstrations.order(epoch: (step - 1) / stepsPerEpoch) }
      let stepBegan = ContinuousClock.now
      let sequences = try demonstrations.batch(order[first..<min(first + batch, count)])
      let learningRate = rate.rate(step: step)
      var metrics = try imitate(sequences, learningRate: learningRate)
      let seconds = (ContinuousClock.now - stepBegan) / .seconds(1)
      metrics.set(MetricName.stepTime, seconds)
      metrics.set(MetricName.tokensPerSecond, Double(sequences.tokenCount) / seconds)
      let elapsed = (ContinuousClock.now - began) / .seconds(1)
      observer.stepEnded(
        step, of: steps, metrics: metrics,
        secondsLeft: elapsed / Double(step) * Double(steps - step))
      lines.append(metrics.line(step: step).text)
      isComplete = !shouldStop() || step == steps
      let isLast = step == steps || !isComplete
      if isLast || settings.every > 0 && step % settings.every == 0 {
        try measure(demonstrations, samples, step: step, to: &lines)
      }
      if !isLast, settings.checkpointsEvery > 0, step % settings.checkpointsEvery == 0 {
        let path = "\(output)/\(Self.checkpoints)/step-\(step)"
        try SafeFiles.writeFolder(path) { (aside) throws(FulcrumError) in
          try save(lines, to: aside)
        }
        observer.note("checkpoint \(path)")
      }
      if !isComplete { break }
    }
    try SafeFiles.writeFolder(output) { (aside) throws(FulcrumError) in
      try save(lines, to: aside)
      // The folder takes the place of the one with the checkpoints on the way, which come along.
      let checkpoints = "\(output)/\(Self.checkpoints)"
      if FileSystem.exists(checkpoints) {
        try SafeFiles.linkFolder(checkpoints, to: "\(aside)/\(Self.checkpoints)")
      }
    }
    return isComplete
  }

  private func save(_ lines: [String], to folder: String) throws(FulcrumError) {
    try setup.policy.save(to: folder)
    try SafeFiles.write(lines.map { $0 + "\n" }.joined(), to: folder + "/" + Self.metricsFile)
  }

  /// Measures on held-out demonstrations and items, as far as there are any, and writes one line.
  private func measure(
    _ demonstrations: Demonstrations, _ samples: WarmStartSamples?, step: Int,
    to lines: inout [String]
  ) throws(FulcrumError) {
    let when = "held out, " + (step == 0 ? "before" : "after step \(step)") + ": "
    var metrics = Metrics()
    if let text = try imitation(of: demonstrations, into: &metrics) { observer.note(when + text) }
    let text = try samples?.measure(into: &metrics) { done, items in
      observer.evaluated(done, of: items)
    }
    if let text { observer.note(when + text) }
    if !metrics.entries.isEmpty { lines.append(metrics.line(step: step).text) }
  }

  /// Measures on the held-out demonstrations: mean −log π, and the share of tokens that are the most
  /// likely ones at their places.
  private func imitation(
    of demonstrations: Demonstrations, into metrics: inout Metrics
  ) throws(FulcrumError) -> String? {
    guard !demonstrations.heldOut.isEmpty else { return nil }
    let sequences = Demonstrations.batch(demonstrations.heldOut)
    var logProbability = 0.0
    var likeliest = 0
    try setup.policy.score(
      sequences, sequences: 0..<sequences.sequenceCount,
      request: ScoreRequest(temperature: 1, statistics: [.rank])
    ) { (_, scores) throws(FulcrumError) in
      let ranks = try scores.values(of: .rank)
      for token in ranks.indices {
        logProbability += Double(scores.logProbabilities[token])
        if ranks[token] == 0 { likeliest += 1 }
      }
    }
    let count = Double(sequences.tokenCount)
    metrics.set(Self.heldOutLoss, -logProbability / count)
    metrics.set(Self.heldOutAccuracy, Double(likeliest) / count)
    return "loss " + String(format: "%.4f", -logProbability / count) + ", token accuracy "
      + String(format: "%.1f %%", 100 * Double(likeliest) / count)
  }

  private func imitate(_ sequences: SequenceBatch, learningRate: Double) throws(FulcrumError)
    -> Metrics
  {
    let share = 1 / Float(sequences.tokenCount)
    var logProbability = 0.0
    var entropy = 0.0
    try setup.policy.accumulateGradient(
      of: sequences, sequences: 0..<sequences.sequenceCount,
      request: ScoreRequest(temperature: 1), participants: .all
    ) { (_, scores, weights) throws(FulcrumError) in
      let (logs, entropies) = (scores.logProbabilities, scores.entropies)
      for token in logs.indices {
        logProbability += Double(logs[token])
        entropy += Double(entropies[token])
        weights[token] = share
      }
    }
    let report = try setup.policy.applyGradient(learningRate: learningRate)
    var metrics = Metrics()
    metrics.set(MetricName.loss, -logProbability / Double(sequences.tokenCount))
    metrics.set(MetricName.entropy, entropy / Double(sequences.tokenCount))
    metrics.set(MetricName.gradientNorm, report.norm)
    metrics.set("learning_rate", learningRate)
    return metrics
  }
}
