/// Holds what a run asks of a machine in one step.
package struct Job: Sendable {
  package var model: ModelShape
  /// Prompts of a step, completions of each.
  package var prompts: Int
  package var samples: Int
  /// Tokens of a prompt.
  package var promptTokens: Int
  /// The mean length of a completion, and the longest.
  package var meanLength: Double
  package var maximumLength: Int
  /// Prompts of a mini-batch.
  package var minibatchPrompts: Int
  /// The schedule's phases; each is taken to have an equal share of every sequence's tokens.
  package var phases: Int
  /// Passes over each batch.
  package var iterations: Int
  /// Whether log π of the batch is computed once more before the update.
  package var recomputesOld: Bool
  package var hasReference: Bool
  /// The share of the completions that are scored again after the update.
  package var probedShare: Double
  /// Seconds of a completion's reward.
  package var rewardSeconds: Double
  /// Whether the next step's completions are sampled while this one trains.
  package var isAhead = false
  package var engine: EngineOptions

  package init(
    model: ModelShape, prompts: Int, samples: Int, promptTokens: Int, meanLength: Double,
    maximumLength: Int, minibatchPrompts: Int, phases: Int = 1, iterations: Int = 1,
    recomputesOld: Bool = false, hasReference: Bool = false, probedShare: Double = 0,
    rewardSeconds: Double = 0, engine: EngineOptions = EngineOptions()
  ) {
    self.model = model
    self.prompts = prompts
    self.samples = samples
    self.promptTokens = promptTokens
    self.meanLength = meanLength
    self.maximumLength = maximumLength
    self.minibatchPrompts = minibatchPrompts
    self.phases = phases
    self.iterations = iterations
    self.recomputesOld = recomputesOld
    self.hasReference = hasReference
    self.probedShare = probedShare
    self.rewardSeconds = rewardSeconds
    self.engine = engine
  }

  package var completions: Int { prompts * samples }
  package var minibatches: Int { (prompts + minibatchPrompts - 1) / max(1, minibatchPrompts) }
  package var optimizerSteps: Int { minibatches * phases * iterations }
}

/// Holds the parameters of a policy that decide what a step takes, by the names that the engine gives them.
package struct EngineOptions: Sendable, Equatable {
  package var isBF16 = false
  /// Whether ranks share weights, gradient and optimiser (FSDP2).
  package var isSharded = false
  package var checkpoints = false
  package var microbatchTokens = 8192
  package var decodingRows = 256
  package var sharesPrompts = true
  package var isAdamW = true
  /// The rank of adapters; 0: all weights are trained.
  package var loraRank = 0
  package var loraTargets = ["all-linear"]
  /// Whether a server of its own samples.
  package var hasServer = false
  /// Weights go to it from device to device, and not by a file.
  package var sendsDirectly = false
  /// The devices of that server.
  package var serverDevices = 1
  /// Threads of the processor for all ranks of a node; 0: as many as there are.
  package var threads = 0

  package init() {}

  var bytes: Int { isBF16 ? 2 : 4 }
}

extension Job {
  /// The number of trained weights.
  package var trainedWeights: Int { adapterWeights > 0 ? adapterWeights : model.parameterCount }

  var adapterWeights: Int {
    engine.loraRank > 0
      ? model.adapterWeights(rank: engine.loraRank, targets: engine.loraTargets) : 0
  }

  /// Whether a group's prompt is computed once in scoring and training.
  var mayShare: Bool { engine.sharesPrompts && !engine.checkpoints && !engine.isSharded }

  /// Returns the batch that the step has: its sequences by groups.
  func sequences() -> [PackedSequence] {
    let lengths = CompletionLengths.make(
      count: completions, mean: meanLength, most: maximumLength)
    return lengths.enumerated().map { index, length in
      PackedSequence(
        group: index / samples, sequence: index, prompt: promptTokens, used: length - 1,
        scored: length)
    }
  }
}
