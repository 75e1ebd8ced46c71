import FulcrumKernel

/// Holds what a run writes beside its metrics: the section `logging`.
package struct LoggingSettings: SettingsSection {
  package static let key = "logging"
  package static let schema: [Parameter] = [
    .integer(
      "samples", default: 16, in: 0...1_000_000, help: "completions written for each step"),
    .integer(
      "samples-every", default: 1, in: 1...10_000_000, help: "steps between written samples"),
    .number(
      "probe", default: 0.0625, in: 0...1,
      help: "share of the completions that are scored again after the update, to see which"
        + " tokens went the way of their advantage; 0: none"),
    .flag(
      "record", default: false,
      help: "write every step's whole rollout to rollouts/, for 'fulcrum replay'"),
    .flag(
      "tensorboard", default: true,
      help: "write metrics, histograms and some samples to tensorboard/, for"
        + " 'tensorboard --logdir OUTPUT'"),
  ]

  /// The number of completions that are written for each step.
  package let samples: Int
  /// The number of steps from one written sample to the next.
  package let samplesEvery: Int
  /// The share of the completions that are scored again after the update.
  package let probedShare: Double
  /// Whether whole rollouts are written.
  package let records: Bool
  package let writesEvents: Bool

  package init(_ values: Parameters) throws(FulcrumError) {
    samples = try values.integer("samples")
    samplesEvery = try values.integer("samples-every")
    probedShare = try values.number("probe")
    records = try values.flag("record")
    writesEvents = try values.flag("tensorboard")
  }
}
