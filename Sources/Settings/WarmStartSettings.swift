import FulcrumKernel

/// Holds how a policy's warm start is trained on demonstrations: the section `warm-start`.
package struct WarmStartSettings: SettingsSection {
  package static let key = "warm-start"
  package static let schema: [Parameter] =
    [
      .integer(
        "demonstrations", default: 0, in: 0...100_000_000,
        help: "worked examples; 0: all of a file's, 10,000 of a task that makes them on demand"),
      .integer(
        "epochs", default: 1, in: 1...1_000_000,
        help: "how often each is used, a file's in a new order each time"),
      .integer(
        "batch", default: 64, in: 1...1_000_000, help: "demonstrations for each optimiser step"),
      .integer(
        "held-out", default: 200, in: 0...1_000_000,
        help:
          "held-out demonstrations, if the task has any, on which loss and accuracy are measured"
          + " before and after; 0: none"),
      .integer(
        "every", default: 0, in: 0...10_000_000,
        help: "steps between such measurements; 0: only before and after"),
      .integer(
        "evaluation-items", default: 0, in: 0...1_000_000,
        help:
          "held-out items for each category that are completed at such measurements, at temperature 1"
          + " and greedily, and judged by the reward; 0: none"),
      .integer(
        "checkpoints-every", default: 0, in: 0...10_000_000,
        help: "steps between checkpoints on the way, OUTPUT/checkpoints/step-N; 0: none"),
      .integer(
        "vocabulary-texts", default: 2_000, in: 1...10_000_000,
        help: "demonstrations from which a fresh policy's tokenizer is trained"),
    ] + LearningRateSettings.schema(default: 1e-3)

  /// The number of worked examples; `nil`: as many as there are.
  package let demonstrations: Int?
  /// How often each is used.
  package let epochs: Int
  /// The number of demonstrations for each optimiser step.
  package let batch: Int
  /// The most held-out demonstrations to measure on; 0: none.
  package let heldOut: Int
  /// Steps between measurements; 0: only before and after.
  package let every: Int
  /// Held-out items of each category that are completed at measurements; 0: none.
  package let evaluationItems: Int
  /// Steps between checkpoints on the way; 0: none.
  package let checkpointsEvery: Int
  /// The number of demonstrations from which a fresh policy's tokenizer is trained.
  package let vocabularyTexts: Int
  package let learningRate: LearningRateSettings

  package init(_ values: Parameters) throws(FulcrumError) {
    let demonstrations = try values.integer("demonstrations")
    self.demonstrations = demonstrations > 0 ? demonstrations : nil
    epochs = try values.integer("epochs")
    heldOut = try values.integer("held-out")
    every = try values.integer("every")
    evaluationItems = try values.integer("evaluation-items")
    checkpointsEvery = try values.integer("checkpoints-every")
    batch = try values.integer("batch")
    vocabularyTexts = try values.integer("vocabulary-texts")
    learningRate = try LearningRateSettings(values)
  }
}
