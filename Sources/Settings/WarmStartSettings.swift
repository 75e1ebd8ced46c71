import FulcrumKernel

/// Holds how a policy's warm start is trained on demonstrations: the section `warm-start`.
package struct WarmStartSettings: SettingsSection {
  package static let key = "warm-start"
  package static let schema: [Parameter] =
    [
      .integer(
        "demonstrations", default: 10_000, in: 1...100_000_000, help: "worked examples, each once"),
      .integer(
        "batch", default: 64, in: 1...1_000_000, help: "demonstrations for each optimiser step"),
      .integer(
        "vocabulary-texts", default: 2_000, in: 1...10_000_000,
        help: "demonstrations from which a fresh policy's tokenizer is trained"),
    ] + LearningRateSettings.schema(default: 1e-3)

  package let demonstrations: Int
  /// The number of demonstrations for each optimiser step.
  package let batch: Int
  /// The number of demonstrations from which a fresh policy's tokenizer is trained.
  package let vocabularyTexts: Int
  package let learningRate: LearningRateSettings

  package init(_ values: Parameters) throws(FulcrumError) {
    demonstrations = try values.integer("demonstrations")
    batch = try values.integer("batch")
    vocabularyTexts = try values.integer("vocabulary-texts")
    learningRate = try LearningRateSettings(values)
  }
}
