import FulcrumKernel

/// Holds how the reference policy moves, if it does: the section `reference`.
package struct ReferenceSettings: SettingsSection {
  package static let key = "reference"
  package static let schema: [Parameter] = [
    .integer(
      "update-every", default: 0, in: 0...10_000_000,
      help: "steps after which the reference moves towards the policy; 0: it is frozen"
        + " (TRL: ref_model_sync_steps)"),
    .number(
      "mix", default: 0.6, in: 0...1,
      help: "how far it moves: 1 makes it the policy (TRL: ref_model_mixup_alpha)"),
  ]

  /// The number of steps from one move of the reference to the next; 0: it is frozen.
  package let updateEvery: Int
  package let mix: Double
  private let values: Parameters

  package init(_ values: Parameters) throws(FulcrumError) {
    self.values = values
    updateEvery = try values.integer("update-every")
    mix = try values.number("mix")
  }

  /// The error for a reference that moves although no component reads it.
  package var unread: FulcrumError {
    values.refuse(
      "update-every", "expected 0, because no component reads the reference policy",
      hint: "a KL penalty reads it")
  }
}
