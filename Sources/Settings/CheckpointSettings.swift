import FulcrumKernel

/// Holds how often checkpoints are written, and how many stay: the section `checkpoint`.
package struct CheckpointSettings: SettingsSection {
  package static let key = "checkpoint"
  package static let schema: [Parameter] = [
    .integer(
      "every", default: 20, in: 0...10_000_000,
      help: "steps between checkpoints; 0: only at the end"),
    .integer(
      "keep", default: 2, in: 1...10_000, help: "the number of the newest checkpoints that stay"),
  ]

  /// Steps between checkpoints; 0: only at the end.
  package let every: Int
  /// The number of the newest checkpoints that stay.
  package let keep: Int

  package init(_ values: Parameters) throws(FulcrumError) {
    every = try values.integer("every")
    keep = try values.integer("keep")
  }
}
