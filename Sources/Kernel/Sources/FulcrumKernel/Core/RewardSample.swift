/// One completion to be judged.
public struct RewardSample: Sendable {
  /// The prompt's text; empty: `completion` is the whole text.
  public let prompt: String
  public let completion: String
  /// The right answer, in the task's own format.
  public let answer: String
  /// Whether the completion ended by itself, not at the length limit.
  public let isFinished: Bool
  /// The completion's length in the policy's tokens, end token included; `nil`: not known.
  public let tokenCount: Int?
  /// The length at which completions are cut, in tokens; `nil`: not known.
  public let tokenLimit: Int?
  /// The task's item; empty: not known.
  public let id: String
  /// The other fields of the item's row.
  public let fields: [String: FieldValue]
  /// The conversation that the prompt was written from; empty: the prompt was a text.
  public let messages: [ChatMessage]

  public init(
    prompt: String, completion: String, answer: String, isFinished: Bool = true,
    tokenCount: Int? = nil, tokenLimit: Int? = nil, id: String = "",
    fields: [String: FieldValue] = [:], messages: [ChatMessage] = []
  ) {
    self.prompt = prompt
    self.completion = completion
    self.answer = answer
    self.isFinished = isFinished
    self.tokenCount = tokenCount
    self.tokenLimit = tokenLimit
    self.id = id
    self.fields = fields
    self.messages = messages
  }
}
