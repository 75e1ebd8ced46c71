import FulcrumKernel
import Settings
import Training

/// A task's demonstrations as tokens: those that fit into the policy's context, and others to measure on.
struct Demonstrations {
  /// The number of worked examples that are taken of a source without end, if the settings don't say.
  private static let endless = 10_000

  /// A demonstration as tokens; the end token ends its completion.
  typealias Pair = (prompt: [Int32], completion: [Int32])

  private let task: any DemonstratingTask
  private let writer: ConversationWriter
  private let policy: any PolicyModel
  private let random: CounterRandom
  /// Whether the source is one without end: then the first epoch takes it in its own order.
  private let isEndless: Bool
  /// The numbers of the demonstrations that fit.
  private(set) var numbers: [Int] = []
  /// The held-out ones that fit.
  private(set) var heldOut: [Pair] = []
  /// What is worth knowing of those that don't.
  private(set) var notes: [String] = []

  /// - Throws: `.unsupported` for a task that has none; `.data` for one that doesn't fit, where the
  ///   task's rule is to refuse, and if none does.
  init(_ setup: RunSetup) throws(FulcrumError) {
    guard let task = setup.task.source as? any DemonstratingTask else {
      throw FulcrumError(
        .unsupported, "task \(type(of: setup.task.source).manual.name) has no demonstrations",
        hint: "a warm start needs a task that has; train from a checkpoint instead")
    }
    let settings = setup.configuration.warmStart
    self.task = task
    writer = setup.task.writer
    policy = setup.policy
    random = CounterRandom(seed: setup.configuration.general.seed, purpose: "demonstration-order")
    let set = task as? any DemonstrationSource
    isEndless = set?.demonstrationCount == nil
    let available = set?.demonstrationCount ?? settings.demonstrations ?? Self.endless
    let count = min(available, settings.demonstrations ?? available)
    guard count > 0 else {
      throw FulcrumError(.data, "the task has no demonstrations", at: "task")
    }
    if let fresh = policy as? any FreshPolicy, !fresh.isReady {
      var texts: [String] = []
      for index in 0..<min(count, settings.vocabularyTexts) {
        let demonstration = try task.demonstration(index)
        texts.append(try text(of: demonstration) + demonstration.completion)
      }
      try fresh.create(fromTexts: texts)
    }
    try measure(count, setup)
    if let set, settings.heldOut > 0 {
      for demonstration in try set.heldOutDemonstrations(atMost: settings.heldOut) {
        let pair = try tokens(of: demonstration)
        if Self.length(pair) <= policy.contextLength { heldOut.append(pair) }
      }
    }
  }

  /// Returns an epoch's demonstrations, by their numbers, in the order in which they are used.
  func order(epoch: Int) -> [Int] {
    if isEndless, epoch == 0 { return numbers }
    var stream = random.stream(UInt64(epoch))
    return numbers.shuffled(using: &stream)
  }

  /// Returns some demonstrations as a batch.
  func batch(_ numbers: some Sequence<Int>) throws(FulcrumError) -> SequenceBatch {
    var pairs: [Pair] = []
    for number in numbers { pairs.append(try tokens(of: task.demonstration(number))) }
    return Self.batch(pairs)
  }

  static func batch(_ pairs: some Sequence<Pair>) -> SequenceBatch {
    SequenceBatch(prompts: pairs.map(\.prompt), completions: pairs.map { [$0.completion] })
  }

  /// Measures each demonstration now, for one that is too long would end the work at its turn.
  private mutating func measure(_ count: Int, _ setup: RunSetup) throws(FulcrumError) {
    let limit = policy.contextLength
    var first: (place: String, length: Int)?
    for index in 0..<count {
      let demonstration = try task.demonstration(index)
      let length = Self.length(try tokens(of: demonstration))
      if length <= limit {
        numbers.append(index)
      } else if first == nil {
        first = (demonstration.location ?? "demonstration \(index)", length)
      }
    }
    guard let first else { return }
    let overlong = count - numbers.count
    guard try setup.overlong == .drop, !numbers.isEmpty else {
      throw FulcrumError(
        .data,
        "\(first.place) has \(first.length) tokens, the policy's context \(limit); so"
          + " it is with \(overlong) of \(count) demonstrations", at: "task",
        hint: "give the policy a longer context, or the task shorter demonstrations; or"
          + " 'task.overlong: drop' leaves such ones out")
    }
    notes.append(
      "left out \(overlong) of \(count) demonstrations, which have more than the context's \(limit)"
        + " tokens: the first is \(first.place), of \(first.length)")
  }

  private func tokens(of demonstration: Demonstration) throws(FulcrumError) -> Pair {
    var completion = try policy.encode(demonstration.completion)
    // A completion that has the end token itself ends with it once.
    if completion.last != policy.endToken { completion.append(policy.endToken) }
    return (try policy.encode(text(of: demonstration)), completion)
  }

  private func text(of demonstration: Demonstration) throws(FulcrumError) -> String {
    do throws(FulcrumError) {
      return try writer.written(demonstration.prompt, demonstration.messages)?.prompt
        ?? demonstration.prompt
    } catch {
      throw demonstration.location.map { error.within($0) } ?? error
    }
  }

  private static func length(_ pair: Pair) -> Int { pair.prompt.count + pair.completion.count }
}
