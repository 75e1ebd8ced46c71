/// A prompt with what its reward function needs.
public struct TaskItem: Sendable {
  /// Stable and unique within its source.
  public let id: String
  /// The exact text that the policy continues, chat markup included; empty: the host writes it from
  /// `messages`, by the policy's chat template.
  public let prompt: String
  /// Given to the reward function.
  public let answer: String
  /// For tables: accuracy is reported for each category (`3 people`).
  public let category: String
  /// The row's other fields, for the reward function.
  public let fields: [String: FieldValue]
  /// The conversation that the prompt was written from, or is to be; empty: the prompt is a text.
  public let messages: [ChatMessage]
  /// The place that the item was read from, for messages: `file:line`; `nil`: it was read from no file.
  public var location: String?
  /// Held-out items that are one puzzle in other words have the same text here: an interval of their
  /// accuracy must not take them for independent. `nil`: the item is like no other.
  public var form: String?

  public init(
    id: String, prompt: String, answer: String, category: String,
    fields: [String: FieldValue] = [:], messages: [ChatMessage] = []
  ) {
    self.id = id
    self.prompt = prompt
    self.answer = answer
    self.category = category
    self.fields = fields
    self.messages = messages
  }
}

/// Gives prompts to train on, and others to evaluate on. One with worked examples is a
/// `DemonstratingTask`.
///
/// Items are functions of their index (and of the run's seed), so a resumed run asks for the same
/// ones. Called from one thread at a time.
public protocol TaskSource: Component {
  /// The number of training items; `nil`: they are made on demand without end. The trainer
  /// shuffles a finite source anew for each epoch.
  var trainingCount: Int? { get }

  /// - Parameter index: from 0; less than `trainingCount` if that is known.
  /// - Throws: `.data` for a damaged row.
  func trainingItem(_ index: Int) throws(FulcrumError) -> TaskItem

  /// Items that no `trainingItem`, and no demonstration, ever equals, the same for every seed.
  ///
  /// - Parameter count: at most so many for each category.
  /// - Returns: category by category.
  func heldOutItems(perCategory count: Int) throws(FulcrumError) -> [TaskItem]
}

extension TaskSource {
  public var trainingCount: Int? { nil }
}
