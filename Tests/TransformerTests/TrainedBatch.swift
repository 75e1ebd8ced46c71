import FulcrumKernel
import TransformerPlugin

/// A small batch to train on, where what counts is that training changes the policy.
enum TrainedBatch {
  static let batch = SequenceBatch(
    prompts: [[4, 5], [9]], completions: [[[6, 7], [8]], [[1, 2, 3]]])
}

extension TransformerPolicy {
  /// Takes steps on `TrainedBatch`, of slightly other weights each.
  func train(steps: Int) throws {
    for step in 0..<steps {
      try accumulate(
        TrainedBatch.batch, weights: [1, -0.5, 2, 0.25, -1, 0.75 + Float(step)])
      _ = try applyGradient(learningRate: 0.01)
    }
  }
}
