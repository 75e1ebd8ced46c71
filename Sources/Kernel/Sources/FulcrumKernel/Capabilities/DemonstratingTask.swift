/// A prompt with a completion worth imitating, for a warm start.
public struct Demonstration: Sendable {
  /// The exact text that the completion continues; empty: the host writes it from `messages`.
  public let prompt: String
  public let completion: String
  /// The conversation that the prompt is to be written from, by the policy's chat template; empty: the
  /// prompt is a text.
  public let messages: [ChatMessage]
  /// The place that it was read from, for messages: `file:line`; `nil`: it was read from no file.
  public var location: String?

  public init(prompt: String, completion: String) {
    self.prompt = prompt
    self.completion = completion
    messages = []
  }

  /// - Parameters:
  ///   - messages: the conversation that the completion continues.
  ///   - completion: what is to be imitated.
  public init(messages: [ChatMessage], completion: String) {
    prompt = ""
    self.messages = messages
    self.completion = completion
  }
}

/// A task that has worked examples.
public protocol DemonstratingTask: TaskSource {
  /// A worked example on a training prompt, a function of `index` and of the run's seed.
  func demonstration(_ index: Int) throws(FulcrumError) -> Demonstration
}
