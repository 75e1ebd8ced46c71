import FulcrumKernel

/// Holds how held-out accuracy is measured: the section `evaluation`.
package struct EvaluationSettings: SettingsSection {
  package static let key = "evaluation"
  package static let schema: [Parameter] = [
    .integer(
      "items", default: 100, in: 0...1_000_000,
      help: "held-out items for each category; 0: none"),
    .integer(
      "every", default: 0, in: 0...10_000_000,
      help: "steps between evaluations; 0: only before and after"),
    .number(
      "temperature", default: 0, in: 0...100, help: "divides the logits; 0: the most likely token"),
    .integer(
      "max-new-tokens", default: 0, in: 0...1_000_000,
      help: "longest completion, in tokens; 0: as in rollouts"),
  ]

  /// Held-out items of each category; 0: no evaluation.
  package let items: Int
  /// Steps between evaluations; 0: only before and after.
  package let every: Int
  /// Divides the logits; 0: the most likely token.
  package let temperature: Double
  /// The longest completion, in tokens; `nil`: as in rollouts.
  package let maximumTokens: Int?

  package init(_ values: Parameters) throws(FulcrumError) {
    items = try values.integer("items")
    every = try values.integer("every")
    temperature = try values.number("temperature")
    let limit = try values.integer("max-new-tokens")
    maximumTokens = limit > 0 ? limit : nil
  }
}
