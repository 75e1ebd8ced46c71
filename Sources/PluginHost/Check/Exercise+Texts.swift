import FulcrumKernel

/// The kinds that work on texts.
extension Exercise {
  static func reward(_ reward: any RewardFn, _ size: MadeUpBatch.Size) -> Exercise {
    let count = size == .small ? 4 : 32
    let lines = size == .small ? 2 : 20
    let samples = (0..<2).map { variant in
      (0..<count).map { number in
        let thought = "Step \(number): from \(variant) and two follows \(variant + 2).\n"
        return RewardSample(
          prompt: "What is \(number) + \(variant)?",
          completion: "<think>" + String(repeating: thought, count: lines)
            + "</think><answer>\(number + variant)</answer>",
          answer: "\(number + variant)", isFinished: !number.isMultiple(of: 4),
          tokenCount: 10 * lines, tokenLimit: 20 * lines)
      }
    }
    return Exercise(
      unit: "samples", size: count, batch: "\(count) samples of \(lines) lines"
    ) { (variant, result) throws(FulcrumError) in
      for score in try reward.score(samples[variant]) {
        result.combine(score.reward.bitPattern)
        result.combine(score.outcome)
        for part in score.parts {
          result.combine(part.name)
          result.combine(part.value.bitPattern)
        }
      }
    }
  }

  static func task(_ task: any TaskSource, _ size: MadeUpBatch.Size) -> Exercise {
    let count = min(16, task.trainingCount ?? 16)
    return Exercise(
      unit: "items", size: count, batch: "\(count) training items"
    ) { (variant, result) throws(FulcrumError) in
      for index in 0..<count {
        // From the other end, so that the variants ask in another order.
        let item = try task.trainingItem(variant == 0 ? index : count - 1 - index)
        for text in [item.id, item.prompt, item.answer, item.category] { result.combine(text) }
      }
    }
  }

  /// - Throws: what the policy throws when it is made ready.
  static func policy(
    _ policy: any PolicyModel, _ size: MadeUpBatch.Size
  ) throws(FulcrumError) -> Exercise {
    if !policy.isReady {
      try policy.create(fromTexts: ["One and one is two.", "Two and two is four. Four is even."])
    }
    let prompts = [try policy.encode("One and one"), try policy.encode("Four is")]
    let length = 4
    return Exercise(
      unit: "tokens", size: 4 * length, batch: "2 prompts, 2 samples each, \(length) tokens"
    ) { (variant, result) throws(FulcrumError) in
      let request = GenerationRequest(
        prompts: prompts.enumerated().map {
          GenerationRequest.Prompt(tokens: $1, id: UInt32($0))
        }, samplesPerPrompt: 2, maximumTokens: length, temperature: 1, seed: UInt64(variant),
        step: 1)
      let generation = try policy.generate(request)
      let sequences = generation.sequences
      for index in 0..<sequences.tokenCount { result.combine(sequences.tokens[index]) }
      result.combine(bits: generation.logProbabilities)
    }
  }
}
