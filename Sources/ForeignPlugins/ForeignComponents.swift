import FulcrumKernel

/// A component whose work a foreign function does; the manifest is its manual.
protocol ForeignComponent: Component {
  init(_ function: ForeignFunction)
}

extension ForeignComponent {
  // The host makes these from a manifest; no plugin registers them.
  static var manual: ComponentManual {
    ComponentManual(
      name: "foreign", summary: "a function of a foreign library", source: "its manifest")
  }

  init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    throw FulcrumError(.unsupported, "a foreign component is made from its manifest")
  }
}

/// A reward that a foreign function gives, one call a completion.
struct ForeignReward: ForeignComponent, RewardFn {
  private let function: ForeignFunction

  init(_ function: ForeignFunction) { self.function = function }

  func score(_ sample: RewardSample) throws(FulcrumError) -> RewardScore {
    // Of its own for each call: rewards are asked for by several threads at once.
    var call = ForeignCall(function, ForeignMemory(function.edge))
    call.copy(.prompt, sample.prompt)
    call.copy(.completion, sample.completion)
    call.copy(.answer, sample.answer)
    try call.set(.promptLength, sample.prompt.utf8.count)
    try call.set(.completionLength, sample.completion.utf8.count)
    try call.set(.answerLength, sample.answer.utf8.count)
    try call.set(.isFinished, sample.isFinished ? 1 : 0)
    try call.set(.tokenCount, sample.tokenCount ?? -1)
    try call.set(.tokenLimit, sample.tokenLimit ?? -1)
    let result = call.room(.result, of: Double.self, count: 1)
    let returned = try call.run()
    let reward = result?.pointee ?? returned
    return RewardScore(
      reward: reward, outcome: reward >= function.manifest.correctFrom ? .correct : .wrong)
  }
}

/// An advantage transform by a foreign function, one call a batch.
struct ForeignTransform: ForeignComponent, AdvantageTransform {
  private let function: ForeignFunction
  private let memory: ForeignMemory

  init(_ function: ForeignFunction) {
    self.function = function
    memory = ForeignMemory(function.edge)
  }

  var needs: Set<Column> { function.manifest.needs }

  func transform(_ advantages: inout MutableSpan<Float>, of batch: RolloutBatch)
    throws(FulcrumError)
  {
    var call = ForeignCall(function, memory)
    try call.set(batch)
    call.copy(.advantages, advantages.span)
    _ = try call.run()
    call.read(.advantages, into: &advantages)
  }
}

/// A schedule by a foreign function, one call a batch.
struct ForeignScheduler: ForeignComponent, UpdateScheduler {
  private let function: ForeignFunction
  private let memory: ForeignMemory

  init(_ function: ForeignFunction) {
    self.function = function
    memory = ForeignMemory(function.edge)
  }

  var needs: Set<Column> { function.manifest.needs }
  var passes: Int { function.manifest.passes }
  var nesting: PhaseNesting { function.manifest.nesting }

  func phases(for batch: RolloutBatch, advantages: Span<Float>) throws(FulcrumError)
    -> [UpdatePhase]
  {
    let names = function.manifest.phases
    let tokens = batch.sequences.tokenCount
    var call = ForeignCall(function, memory)
    try call.set(batch)
    call.copy(.advantages, advantages)
    try call.set(.phaseCount, names.count)
    let masks = call.room(.masks, of: Int32.self, count: names.count * tokens)
    _ = try call.run()
    guard let masks else { return [] }
    return names.enumerated().map { phase, name in
      UpdatePhase(name: name, participates: (0..<tokens).map { masks[phase * tokens + $0] != 0 })
    }
  }
}

/// An objective by a foreign function, one call a slice of a mini-batch.
struct ForeignObjective: ForeignComponent, PolicyObjective {
  private let function: ForeignFunction
  private let memory: ForeignMemory

  init(_ function: ForeignFunction) {
    self.function = function
    memory = ForeignMemory(function.edge)
  }

  var needs: Set<Column> { function.manifest.needs }

  func weigh(
    _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout MutableSpan<Float>, metrics: inout MetricSums
  ) throws(FulcrumError) {
    var call = ForeignCall(function, memory)
    call.copy(.logProbabilities, input.logProbabilities)
    call.copy(.oldLogProbabilities, input.oldLogProbabilities)
    call.copy(.referenceLogProbabilities, input.referenceLogProbabilities)
    call.copy(.entropies, input.entropies)
    call.copy(.levers, input.levers)
    call.copy(.advantages, input.advantages)
    let count = input.sequenceCount
    if let offsets = call.room(.sequenceOffsets, of: Int64.self, count: count + 1) {
      for sequence in 0..<count {
        offsets[sequence + 1] = Int64(input.tokens(ofSequence: sequence).upperBound)
      }
      call.seal()
    }
    if let shares = call.room(.shares, of: Double.self, count: count) {
      for sequence in 0..<count { shares[sequence] = input.share(ofSequence: sequence) }
      call.seal()
    }
    try call.set(.tokenCount, input.tokenCount)
    try call.set(.sequenceCount, count)
    try call.set(.minibatchTokenCount, input.minibatchTokenCount)
    try call.set(.minibatchSequenceCount, input.minibatchSequenceCount)
    try call.set(.step, Int(input.step))
    try call.set(.update, Int(input.update))
    // Zero on entry, as the protocol says.
    call.copy(.weights, weights.span)
    call.copy(.losses, losses.span)
    _ = try call.run()
    call.read(.weights, into: &weights)
    call.read(.losses, into: &losses)
  }
}

extension ForeignManifest {
  /// Makes a component of the manifest's kind over a function of a mapped library.
  ///
  /// - Throws: `.parameter` for a value that doesn't fit the argument's type; `.pluginFault`.
  func component(
    address: UnsafeMutableRawPointer, edge: ForeignMemory.Edge, _ parameters: Parameters,
    _ context: ComponentContext
  ) throws(FulcrumError) -> any Component {
    let function = try ForeignFunction(
      self, address: address, edge: edge, parameters: parameters, context: context)
    switch kind {
    case .reward: return ForeignReward(function)
    case .advantageTransform: return ForeignTransform(function)
    case .updateScheduler: return ForeignScheduler(function)
    case .policyObjective: return ForeignObjective(function)
    default:
      throw FulcrumError(.unsupported, "no foreign function can be a \(kind.rawValue)")
    }
  }
}
