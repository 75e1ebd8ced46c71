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
    let batch = settings.batch
    let policy = setup.policy
    let task = try demonstratingTask()
    if let fresh = policy as? any FreshPolicy, !fresh.isReady {
      try create(
        fresh, from: task, texts: min(settings.demonstrations, settings.vocabularyTexts))
    }
    observer.note("policy \(policy.summary)")
    let demonstrations = try fitting(settings.demonstrations, from: task)
    let count = demonstrations.count
    let steps = (count + batch - 1) / batch
    let rate = settings.learningRate.schedule(steps: steps)
    let warnings = ConfigurationWarnings.learningRate(
      settings.learningRate, of: WarmStartSettings.key, steps: steps)
    for warning in warnings { observer.note("warning: \(warning)") }
    let began = ContinuousClock.now
    var isComplete = true
    for step in 1...steps {
      let first = (step - 1) * batch
      let stepBegan = ContinuousClock.now
      let sequences = try tokens(
        of: demonstrations[first..<min(first + batch, count)], from: task)
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

  /// Returns the numbers of the demonstrations that fit into the policy's context, of the first
  /// `count`. Each is measured now, for a demonstration too long would end the work at its turn.
  ///
  /// - Throws: `.data` for one that doesn't fit, where the task's rule is to refuse, and if none does.
  private func fitting(_ count: Int, from task: any DemonstratingTask) throws(FulcrumError) -> [Int]
  {
    let limit = setup.policy.contextLength
    var fitting: [Int] = []
    var first: (index: Int, length: Int)?
    for index in 0..<count {
      let (prompt, completion) = try tokens(of: index, from: task)
      let length = prompt.count + completion.count
      if length <= limit {
        fitting.append(index)
      } else if first == nil {
        first = (index, length)
      }
    }
    guard let first else { return fitting }
    let overlong = count - fitting.count
    guard try setup.overlong == .drop, !fitting.isEmpty else {
      throw FulcrumError(
        .data,
        "demonstration \(first.index) has \(first.length) tokens, the policy's context \(limit); so"
          + " it is with \(overlong) of \(count) demonstrations", at: "task",
        hint: "give the policy a longer context, or the task shorter demonstrations; or"
          + " 'task.overlong: drop' leaves such ones out")
    }
    observer.note(
      "left out \(overlong) of \(count) demonstrations, which have more than the context's \(limit)"
        + " tokens: the first is demonstration \(first.index), of \(first.length)")
    return fitting
  }

  private func tokens(
    of index: Int, from task: any DemonstratingTask
  ) throws(FulcrumError) -> (prompt: [Int32], completion: [Int32]) {
    let demonstration = try task.demonstration(index)
    return (
      try setup.policy.encode(demonstration.prompt),
      try setup.policy.encode(demonstration.completion) + [setup.policy.endToken]
    )
  }

  private func tokens(
    of indices: some Sequence<Int>, from task: any DemonstratingTask
  ) throws(FulcrumError) -> SequenceBatch {
    var prompts: [[Int32]] = []
    var completions: [[[Int32]]] = []
    for index in indices {
      let (prompt, completion) = try tokens(of: index, from: task)
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
