/// A task whose demonstrations are a set: so many, and others that are held out to measure by.
public protocol DemonstrationSource: DemonstratingTask {
  /// The number of demonstrations; `nil`: they are made on demand without end.
  var demonstrationCount: Int? { get }

  /// Worked examples on held-out prompts, the same for every seed.
  ///
  /// - Parameter count: at most so many.
  /// - Returns: none if the task holds none out.
  func heldOutDemonstrations(atMost count: Int) throws(FulcrumError) -> [Demonstration]
}
