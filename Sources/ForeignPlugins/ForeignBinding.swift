import FulcrumKernel
import PluginHost

/// The thing that a foreign function's argument is given in each call.
enum ForeignBinding: Hashable, Sendable, CustomStringConvertible {
  case quantity(ForeignQuantity)
  /// A parameter of the manifest.
  case parameter(String)

  var description: String {
    switch self {
    case .quantity(let quantity): quantity.rawValue
    case .parameter(let name): "parameter \(name)"
    }
  }
}

/// The things that an argument can be bound to beside parameters: a closed list.
enum ForeignQuantity: String, Sendable, CaseIterable {
  // Of one completion.
  case prompt, completion, answer
  case promptLength = "prompt-length"
  case completionLength = "completion-length"
  case answerLength = "answer-length"
  case tokenLimit = "token-limit"
  case result

  // Of a batch or a slice of it.
  case advantages, rewards, tokens
  case isFinished = "is-finished"
  case logProbabilities = "log-probabilities"
  case rolloutLogProbabilities = "rollout-log-probabilities"
  case oldLogProbabilities = "old-log-probabilities"
  case referenceLogProbabilities = "reference-log-probabilities"
  case entropies, levers, shares
  case sequenceOffsets = "sequence-offsets"
  case groupOffsets = "group-offsets"
  case minibatchOffsets = "minibatch-offsets"
  case tokenCount = "token-count"
  case sequenceCount = "sequence-count"
  case groupCount = "group-count"
  case minibatchCount = "minibatch-count"
  case minibatchTokenCount = "minibatch-token-count"
  case minibatchSequenceCount = "minibatch-sequence-count"
  case step, update
  case weights, losses, masks
  case phaseCount = "phase-count"

  // Of the run.
  case seed, log

  /// Returns the batch column that it is; `nil`: it is none, or the policy of the moment gives it.
  func column(for kind: HostComponent.Kind) -> Column? {
    switch self {
    case .rolloutLogProbabilities: .rolloutLogProbabilities
    case .oldLogProbabilities: .oldLogProbabilities
    case .referenceLogProbabilities: .referenceLogProbabilities
    case .entropies: kind == .policyObjective ? nil : .entropies
    case .levers: kind == .policyObjective ? nil : .levers
    default: nil
    }
  }

  /// The count without which a function can't know an array's length; `nil`: no such array.
  var count: ForeignQuantity? {
    switch self {
    case .advantages, .tokens, .logProbabilities, .rolloutLogProbabilities, .oldLogProbabilities,
      .referenceLogProbabilities, .entropies, .levers, .weights, .losses, .masks:
      .tokenCount
    case .rewards, .shares, .sequenceOffsets: .sequenceCount
    case .groupOffsets: .groupCount
    case .minibatchOffsets: .minibatchCount
    default: nil
    }
  }

  /// Returns the types that an argument bound to it may have; `nil`: a component of this kind has none.
  func types(for kind: HostComponent.Kind) -> [ForeignType]? {
    switch (self, kind) {
    case (.log, _): [.callback]
    case (.seed, _): [.i64]
    case (_, .reward): rewardTypes
    case (.step, _), (.tokenCount, _), (.sequenceCount, _): [.i64, .i32]
    case (_, .policyObjective): objectiveTypes
    case (.advantages, .advantageTransform): [.f32Out]
    case (.advantages, .updateScheduler): [.f32In]
    case (.masks, .updateScheduler): [.i32Out]
    case (.phaseCount, .updateScheduler): [.i64, .i32]
    default: batchTypes
    }
  }

  private var rewardTypes: [ForeignType]? {
    switch self {
    case .prompt, .completion, .answer: [.utf8]
    case .promptLength, .completionLength, .answerLength, .isFinished, .tokenCount, .tokenLimit:
      [.i64, .i32]
    case .result: [.f64Out]
    default: nil
    }
  }

  private var batchTypes: [ForeignType]? {
    switch self {
    case .rewards, .rolloutLogProbabilities, .oldLogProbabilities, .referenceLogProbabilities,
      .entropies, .levers:
      [.f32In]
    case .tokens, .isFinished: [.i32In]
    case .sequenceOffsets, .groupOffsets, .minibatchOffsets: [.i64In]
    case .groupCount, .minibatchCount: [.i64, .i32]
    default: nil
    }
  }

  private var objectiveTypes: [ForeignType]? {
    switch self {
    case .logProbabilities, .oldLogProbabilities, .referenceLogProbabilities, .entropies, .levers,
      .advantages:
      [.f32In]
    case .shares: [.f64In]
    case .weights, .losses: [.f32Out]
    case .sequenceOffsets: [.i64In]
    case .minibatchTokenCount, .minibatchSequenceCount, .update: [.i64, .i32]
    default: nil
    }
  }

  /// Returns the quantities that a component of a kind can bind, in the order of the list.
  static func all(for kind: HostComponent.Kind) -> [ForeignQuantity] {
    allCases.filter { $0.types(for: kind) != nil }
  }

  /// Returns the quantities in which a function of a kind leaves its results: each must be bound.
  static func results(of kind: HostComponent.Kind, returns: ForeignReturn) -> [ForeignQuantity] {
    switch kind {
    case .reward: returns == .status ? [.result] : []
    case .advantageTransform: [.advantages]
    case .updateScheduler: [.masks]
    case .policyObjective: [.weights, .losses]
    default: []
    }
  }
}

extension Parameter {
  /// The types that an argument bound to the parameter may have.
  var foreignTypes: [ForeignType] {
    switch kind {
    case .number: [.f64, .f32]
    case .integer: [.i64, .i32, .f64, .f32]
    case .flag: [.i32, .i64]
    case .text, .choice: [.utf8]
    default: []
    }
  }
}
