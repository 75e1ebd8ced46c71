import Files
import FulcrumKernel
import JSON
import Settings
import Training

/// Writes some completions of a step to `samples/step-N.jsonl`, for people to read.
struct SampleLog {
  private let count: Int
  private let every: Int
  private let directory: RunDirectory
  private let rewards: [WeightedReward]

  init(_ settings: LoggingSettings, directory: RunDirectory, rewards: [WeightedReward]) {
    count = settings.samples
    every = settings.samplesEvery
    self.directory = directory
    self.rewards = rewards
  }

  /// Writes the first completions of the batch, whole groups side by side, also those without a
  /// score.
  ///
  /// - Parameters:
  ///   - advantages: the advantages of the tokens that the update is on.
  ///   - watch: the weights and levers; the completions that it covers are written token by token.
  func write(
    _ collected: CollectedRollout, advantages: [Float], watch: TokenWatch?,
    tokens detail: SampleTokens,
    step: Int
  ) throws(FulcrumError) {
    guard count > 0, step % every == 0 else { return }
    let rollout = collected.whole
    let sequences = rollout.sequences
    var kept: [Int: Int] = [:]
    for (sequence, place) in collected.places.enumerated() { kept[place] = sequence }
    var text = ""
    for sequence in 0..<min(count, sequences.sequenceCount) {
      let item = rollout.items[sequences.group(ofSequence: sequence)]
      let tokens = sequences.tokens(ofSequence: sequence)
      let outcome = rollout.outcomes[sequence]
      // A completion without a score has no advantage.
      let mean =
        kept[sequence].map { sequence in
          Statistics.mean(
            collected.rollout.sequences.tokens(ofSequence: sequence).map { Double(advantages[$0]) })
        } ?? .nan
      var sample = SampleRecord(
        step: step, id: item.id, prompt: item.prompt, completion: rollout.completions[sequence],
        answer: item.answer, reward: Double(rollout.rewards[sequence]), outcome: outcome.rawValue,
        rewards: zip(rewards, rollout.scores).map { SampleReward($1[sequence], of: $0) },
        tokens: tokens.count, finished: rollout.isFinished[sequence], advantageMean: mean,
        reason: rollout.scores.lazy.compactMap { $0[sequence].reason }.first)
      if let place = kept[sequence], let watch, place < TokenWatch.sequences {
        detail.add(
          place, of: collected.rollout, advantages: advantages, watch: watch, to: &sample)
      }
      text += JSONLine(sample).text + "\n"
    }
    try SafeFiles.write(text, to: directory.samples + "/step-\(step).jsonl")
  }
}
