import FulcrumKernel

/// Holds what 'fulcrum microscope' looks at: the section `microscope`. Runs don't depend on it.
package struct MicroscopeSettings: SettingsSection {
  package static let key = "microscope"
  package static let schema: [Parameter] = [
    .integer("batches", default: 3, in: 1...1_000_000, help: "batches to look at"),
    .text(
      "words", default: "",
      help: "a file with the lists of words of Fig. 5; empty: those that are built in"),
  ]

  package let batches: Int
  /// The file with the lists of words; `nil`: the built-in ones.
  package let words: String?

  package init(_ values: Parameters) throws(FulcrumError) {
    batches = try values.integer("batches")
    words = try values.optionalText("words")
  }
}
