/// A prompt with a completion worth imitating, for a warm start.
public struct Demonstration: Sendable {
  public let prompt: String
  public let completion: String

  public init(prompt: String, completion: String) {
    self.prompt = prompt
    self.completion = completion
  }
}

/// A task that has worked examples.
public protocol DemonstratingTask: TaskSource {
  /// A worked example on a training prompt, a function of `index` and of the run's seed.
  func demonstration(_ index: Int) throws(FulcrumError) -> Demonstration
}
