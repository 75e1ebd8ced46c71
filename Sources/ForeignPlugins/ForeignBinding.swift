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

/// A thing that an argument can be bound to beside parameters: of a closed list, or a column of the
/// kernel's, by its name.
struct ForeignQuantity: Hashable, Sendable {
  let rawValue: String

  private init(_ rawValue: String) { self.rawValue = rawValue }

  /// The quantity of a name; `nil`: there is none.
  init?(rawValue: String) {
    self.init(rawValue)
    guard Self.listed.contains(self) || Column(name: rawValue) != nil else { return nil }
  }

  // Of one completion.
  static let prompt = ForeignQuantity("prompt")
  static let completion = ForeignQuantity("completion")
  static let answer = ForeignQuantity("answer")
  static let id = ForeignQuantity("id")
  static let promptLength = ForeignQuantity("prompt-length")
  static let completionLength = ForeignQuantity("completion-length")
  static let answerLength = ForeignQuantity("answer-length")
  static let tokenLimit = ForeignQuantity("token-limit")
  static let result = ForeignQuantity("result")

  // Of a batch or a slice of it, beside columns.
  static let advantages = ForeignQuantity("advantages")
  static let rewards = ForeignQuantity("rewards")
  static let tokens = ForeignQuantity("tokens")
  static let isFinished = ForeignQuantity("is-finished")
  static let shares = ForeignQuantity("shares")
  static let sequenceOffsets = ForeignQuantity("sequence-offsets")
  static let groupOffsets = ForeignQuantity("group-offsets")
  static let minibatchOffsets = ForeignQuantity("minibatch-offsets")
  static let tokenCount = ForeignQuantity("token-count")
  static let sequenceCount = ForeignQuantity("sequence-count")
  static let groupCount = ForeignQuantity("group-count")
  static let minibatchCount = ForeignQuantity("minibatch-count")
  static let minibatchTokenCount = ForeignQuantity("minibatch-token-count")
  static let minibatchSequenceCount = ForeignQuantity("minibatch-sequence-count")
  static let step = ForeignQuantity("step")
  static let update = ForeignQuantity("update")
  static let weights = ForeignQuantity("weights")
  static let losses = ForeignQuantity("losses")
  static let masks = ForeignQuantity("masks")
  static let phaseCount = ForeignQuantity("phase-count")

  // The scores of the policy of the moment, which an objective is given undeclared.
  static let logProbabilities = ForeignQuantity("log-probabilities")
  static let entropies = ForeignQuantity(Column.entropies.name)
  static let levers = ForeignQuantity(Column.levers.name)

  // Of the run.
  static let seed = ForeignQuantity("seed")
  static let log = ForeignQuantity("log")

  private static let listed: [ForeignQuantity] = [
    .prompt, .completion, .answer, .id, .promptLength, .completionLength, .answerLength,
    .tokenLimit,
    .result, .advantages, .rewards, .tokens, .isFinished, .logProbabilities, .shares,
    .sequenceOffsets, .groupOffsets, .minibatchOffsets, .tokenCount, .sequenceCount, .groupCount,
    .minibatchCount, .minibatchTokenCount, .minibatchSequenceCount, .step, .update, .weights,
    .losses, .masks, .phaseCount, .seed, .log,
  ]

  /// The columns of a batch, each once; those with an argument take any.
  private static let columns =
    [
      Column.rolloutLogProbabilities, .oldLogProbabilities, .referenceLogProbabilities,
    ].map(\.name).map(ForeignQuantity.init(_:))
    + TokenStatistic.examples.dropFirst().map { ForeignQuantity(Column(.old, $0).name) }

  /// The quantities that manuals and messages list.
  static let allCases = listed + columns

  /// Returns the batch column that it is; `nil`: it is none, or a score that an objective is given
  /// undeclared.
  func column(for kind: HostComponent.Kind) -> Column? {
    guard !Self.listed.contains(self), let column = Column(name: rawValue) else { return nil }
    if kind == .policyObjective, [.entropies, .levers].contains(self) { return nil }
    return kind == .policyObjective || column.policy != .current ? column : nil
  }

  /// The count without which a function can't know an array's length; `nil`: no such array.
  var count: ForeignQuantity? {
    switch self {
    case .advantages, .tokens, .logProbabilities, .weights, .losses, .masks: .tokenCount
    case .rewards, .shares, .sequenceOffsets: .sequenceCount
    case .groupOffsets: .groupCount
    case .minibatchOffsets: .minibatchCount
    default: Column(name: rawValue) == nil ? nil : .tokenCount
    }
  }

  /// Returns the types that an argument bound to it may have; `nil`: a component of this kind has none.
  func types(for kind: HostComponent.Kind) -> [ForeignType]? {
    switch (self, kind) {
    case (.log, _): [.callback]
    case (.seed, _): [.i64]
    case (_, .reward): rewardTypes
    case (.step, _), (.tokenCount, _), (.sequenceCount, _): [.i64, .i32]
    case (_, .policyObjective): column(for: kind) == nil ? objectiveTypes : [.f32In]
    case (.advantages, .advantageTransform): [.f32Out]
    case (.advantages, .updateScheduler): [.f32In]
    case (.masks, .updateScheduler): [.i32Out]
    case (.phaseCount, .updateScheduler): [.i64, .i32]
    default: column(for: kind) == nil ? batchTypes : [.f32In]
    }
  }

  private var rewardTypes: [ForeignType]? {
    switch self {
    case .prompt, .completion, .answer, .id: [.utf8]
    case .promptLength, .completionLength, .answerLength, .isFinished, .tokenCount, .tokenLimit:
      [.i64, .i32]
    case .result: [.f64Out]
    default: nil
    }
  }

  private var batchTypes: [ForeignType]? {
    switch self {
    case .rewards: [.f32In]
    case .tokens, .isFinished: [.i32In]
    case .sequenceOffsets, .groupOffsets, .minibatchOffsets: [.i64In]
    case .groupCount, .minibatchCount: [.i64, .i32]
    default: nil
    }
  }

  private var objectiveTypes: [ForeignType]? {
    switch self {
    case .logProbabilities, .entropies, .levers, .advantages: [.f32In]
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
