/// A prompt with what its reward function needs.
public struct TaskItem: Sendable {
  /// Stable and unique within its source.
  public let id: String
  /// The exact text that the policy continues, chat markup included.
  public let prompt: String
  /// Given to the reward function.
  public let answer: String
  /// For tables: accuracy is reported for each category (`3 people`).
  public let category: String

  public init(id: String, prompt: String, answer: String, category: String) {
    self.id = id
    self.prompt = prompt
    self.answer = answer
    self.category = category
  }
}

/// A prompt with a completion worth imitating, for a warm start.
public struct Demonstration: Sendable {
  public let prompt: String
  public let completion: String

  public init(prompt: String, completion: String) {
    self.prompt = prompt
    self.completion = completion
  }
}

/// Gives prompts to train on, others to evaluate on, and demonstrations.
///
/// Items are functions of their index (and of the run's seed), so a resumed run asks for the same
/// ones. Called from one thread at a time.
public protocol TaskSource: Component {
  /// How many training items there are; `nil`: they are made on demand without end. The trainer
  /// shuffles a finite source anew for each epoch.
  var trainingCount: Int? { get }

  /// - Parameter index: from 0; less than `trainingCount` if that is known.
  /// - Throws: `.data` for a damaged row.
  func trainingItem(_ index: Int) throws(FulcrumError) -> TaskItem

  /// Items that no `trainingItem` or `demonstration` ever equals, the same for every seed.
  ///
  /// - Parameter count: at most so many for each category.
  /// - Returns: category by category.
  func heldOutItems(perCategory count: Int) throws(FulcrumError) -> [TaskItem]

  /// A worked example on a training prompt, a function of `index` and of the run's seed.
  func demonstration(_ index: Int) throws(FulcrumError) -> Demonstration
}

extension TaskSource {
  public var trainingCount: Int? { nil }

  public func demonstration(_ index: Int) throws(FulcrumError) -> Demonstration {
    throw FulcrumError(
      .unsupported, "task \(Self.manual.name) has no demonstrations",
      hint: "a warm start needs a task that has; train from a checkpoint instead")
  }
}
