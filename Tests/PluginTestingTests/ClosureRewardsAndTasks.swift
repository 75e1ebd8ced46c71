import FulcrumKernel

/// A reward function whose bodies are closures.
struct RewardOf: RewardFn {
  typealias Body = @Sendable (RewardSample) throws(FulcrumError) -> RewardScore

  static let manual = ideaManual
  private let isBatchReversed: Bool
  private let body: Body

  init(
    isBatchReversed: Bool = false,
    reward: @escaping @Sendable (RewardSample) throws(FulcrumError) -> Double
  ) {
    self.init(isBatchReversed: isBatchReversed) { (sample) throws(FulcrumError) in
      .scored(try reward(sample), .wrong)
    }
  }

  init(isBatchReversed: Bool = false, _ body: @escaping Body) {
    self.isBatchReversed = isBatchReversed
    self.body = body
  }

  init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    throw Self.madeByClosure()
  }

  func score(_ sample: RewardSample) throws(FulcrumError) -> RewardScore {
    try body(sample)
  }

  func score(_ samples: [RewardSample]) throws(FulcrumError) -> [RewardScore] {
    var scores: [RewardScore] = []
    for sample in samples { scores.append(try score(sample)) }
    return isBatchReversed ? scores.reversed() : scores
  }
}

/// A task source whose bodies are closures.
struct TaskOf: TaskSource {
  static let manual = ideaManual
  private let training: @Sendable (Int) -> TaskItem
  private let heldOut: @Sendable (Int) -> [TaskItem]

  init(
    training: @escaping @Sendable (Int) -> TaskItem = { TaskOf.item("train", $0) },
    heldOut: @escaping @Sendable (Int) -> [TaskItem] = { count in
      (0..<count).map { TaskOf.item("held-out", $0) }
    }
  ) {
    self.training = training
    self.heldOut = heldOut
  }

  init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    throw Self.madeByClosure()
  }

  /// Items of all splits look alike: a number that says nothing of split and index.
  static func item(_ split: String, _ index: Int, category: String = "all") -> TaskItem {
    var random = CounterRandom(seed: 1, purpose: "\(category) \(split)").stream(UInt64(index))
    let number = Int.random(in: 0..<1 << 40, using: &random)
    return TaskItem(
      id: "\(split)/\(index)", prompt: "\(number)?", answer: "1", category: category)
  }

  func trainingItem(_ index: Int) throws(FulcrumError) -> TaskItem { training(index) }
  func heldOutItems(perCategory count: Int) throws(FulcrumError) -> [TaskItem] { heldOut(count) }
}
