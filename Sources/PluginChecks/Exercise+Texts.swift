import FulcrumKernel

/// The kinds that work on texts.
extension Exercise {
  /// - Parameter given: the request's samples, again and again; none: made-up ones.
  init(_ reward: any RewardFn, samples given: [RewardSample] = []) {
    let count = 32
    guard given.isEmpty else {
      let samples = (0..<count).map { given[$0 % given.count] }
      self.init(unit: "samples", size: count, batch: "\(count) of the given samples") {
        () throws(FulcrumError) in _ = try reward.score(samples)
      }
      return
    }
    let lines = 20
    let samples = (0..<count).map { number in
      RewardSample(
        prompt: "What is \(number) + 2?",
        completion: "<think>"
          + String(repeating: "Step \(number): from one and two follows three.\n", count: lines)
          + "</think><answer>\(number + 2)</answer>",
        answer: "\(number + 2)", isFinished: !number.isMultiple(of: 4), tokenCount: 10 * lines,
        tokenLimit: 20 * lines)
    }
    self.init(unit: "samples", size: count, batch: "\(count) samples of \(lines) lines") {
      () throws(FulcrumError) in _ = try reward.score(samples)
    }
  }

  init(_ task: any TaskSource) {
    let count = min(16, task.trainingCount ?? 16)
    self.init(unit: "items", size: count, batch: "\(count) training items") {
      () throws(FulcrumError) in for index in 0..<count { _ = try task.trainingItem(index) }
    }
  }

  /// - Throws: what the policy throws when it is made ready.
  init(_ policy: any PolicyModel) throws(FulcrumError) {
    if let fresh = policy as? any FreshPolicy, !fresh.isReady {
      try fresh.create(fromTexts: ["One and one is two.", "Two and two is four. Four is even."])
    }
    let texts = ["One and one", "Four is"]
    var prompts: [GenerationRequest.Prompt] = []
    for (number, text) in texts.enumerated() {
      prompts.append(
        GenerationRequest.Prompt(tokens: try policy.encode(text), id: UInt32(number)))
    }
    let samples = 2
    let length = 4
    let request = GenerationRequest(
      prompts: prompts, samplesPerPrompt: samples, maximumTokens: length, temperature: 1, seed: 1,
      step: 1)
    self.init(
      unit: "tokens", size: prompts.count * samples * length,
      batch: "\(prompts.count) prompts, \(samples) samples each, \(length) tokens"
    ) { () throws(FulcrumError) in _ = try policy.generate(request) }
  }
}
