/// An objective that compares a mini-batch's tokens with each other before it weighs them. That costs
/// a forward pass.
public protocol SurveyingObjective: PolicyObjective {
  /// Looks at a whole mini-batch. Called before it is weighed.
  ///
  /// - Parameter minibatch: all sequences of the mini-batch, so whole groups, with all their tokens
  ///   and current scores.
  /// - Returns: one number for each token, for the objective's own use: `weigh` finds them in
  ///   `ObjectiveInput.survey`. The host checks their count.
  func survey(_ minibatch: borrowing ObjectiveInput) throws(FulcrumError) -> [Float]
}
