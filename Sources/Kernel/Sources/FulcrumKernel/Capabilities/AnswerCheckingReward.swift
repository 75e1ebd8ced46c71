/// A reward function that can say, before there is any completion, that no completion of an item
/// could be right.
public protocol AnswerCheckingReward: RewardFn {
  /// Checks what the item gives to grade by. Called for every item before a run's first step.
  ///
  /// - Throws: `.data` if no completion could be right, with the remedy as the hint. The host adds the
  ///   item's place.
  func check(_ item: TaskItem) throws(FulcrumError)
}
