import Files
import Foundation
import FulcrumKernel
import Settings
import Training

/// Makes a warm start: trains a policy on a task's demonstrations, for reinforcement learning to
/// begin from.
package struct WarmStart {
  package let setup: RunSetup
  package let observer: any RunObserver

  package init(setup: RunSetup, observer: any RunObserver) {
    self.setup = setup
    self.observer = observer
  }

  /// Imitates each demonstration once and writes a checkpoint to `output`.
  ///
  /// The loss is the mean of −log π over a batch's completion tokens, end token included.
  ///
  /// - Returns: `true` if all demonstrations were used; `false` if it was stopped before.
  package func run(output: String, shouldStop: () -> Bool) throws(FulcrumError) -> Bool {
    let settings = setup.configuration.warmStart
    let count = settings.demonstrations
    let batch = settings.batch
    let steps = (count + batch - 1) / batch
    let rate = settings.learningRate.schedule(steps: steps)
    let policy = setup.policy
    let task = try demonstratingTask()
    if let fresh = policy as? any FreshPolicy, !fresh.isReady {
      try create(fresh, from: task, texts: min(count, settings.vocabularyTexts))
    }
    observer.note("policy \(policy.summary)")
    let warnings = ConfigurationWarnings.learningRate(
      settings.learningRate, of: WarmStartSettings.key, steps: steps)
    for warning in warnings { observer.note("warning: \(warning)") }
    let began = ContinuousClock.now
    var isComplete = true
    for step in 1...steps {
      let first = (step - 1) * batch
      let stepBegan = ContinuousClock.now
      let sequences = try tokens(of: first..<min(first + batch, count), from: task)
      let learningRate = rate.rate(step: step)
      var metrics = try imitate(sequences, learningRate: learningRate)
      let seconds = (ContinuousClock.now - stepBegan) / .seconds(1)
      metrics.set(MetricName.stepTime, seconds)
      metrics.set(MetricName.tokensPerSecond, Double(sequences.tokenCount) / seconds)
      let elapsed = (ContinuousClock.now - began) / .seconds(1)
      observer.stepEnded(
        step, of: steps, metrics: metrics,
        secondsLeft: elapsed / Double(step) * Double(steps - step))
      if shouldStop(), step < steps {
        isComplete = false
        break
      }
    }
    try SafeFiles.writeFolder(output) { (aside) throws(FulcrumError) in try policy.save(to: aside) }
    return isComplete
  }

  /// Trains a fresh policy's tokenizer on the demonstrations' text and draws its weights.
  private func create(
    _ policy: any FreshPolicy, from task: any DemonstratingTask, texts count: Int
  ) throws(FulcrumError) {
    var texts: [String] = []
    for index in 0..<count {
      let demonstration = try task.demonstration(index)
      texts.append(demonstration.prompt + demonstration.completion)
    }
    try policy.create(fromTexts: texts)
  }

  private func demonstratingTask() throws(FulcrumError) -> any DemonstratingTask {
    if let task = setup.task as? any DemonstratingTask { return task }
    throw FulcrumError(
      .unsupported, "task \(type(of: setup.task).manual.name) has no demonstrations",
      hint: "a warm start needs a task that has; train from a checkpoint instead")
  }

  private func tokens(of indices: Range<Int>, from task: any DemonstratingTask)
    throws(FulcrumError) -> SequenceBatch
  {
    let policy = setup.policy
    var prompts: [[Int32]] = []
    var completions: [[[Int32]]] = []
    for index in indices {
      let demonstration = try task.demonstration(index)
      let prompt = try policy.encode(demonstration.prompt)
      let completion = try policy.encode(demonstration.completion) + [policy.endToken]
      guard prompt.count + completion.count <= policy.contextLength else {
        throw FulcrumError(
          .data,
          "demonstration \(index) has \(prompt.count + completion.count) tokens, the policy's"
            + " context \(policy.contextLength)", at: "task",
          hint: "give the policy a longer context, or the task shorter demonstrations")
      }
      prompts.append(prompt)
      completions.append([completion])
    }
    return SequenceBatch(prompts: prompts, completions: completions)
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
