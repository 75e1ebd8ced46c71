import FulcrumKernel
import PluginHost
import Trainer

/// The section `microscope` of a configuration. It says what is looked at, not how a run trains.
package struct MicroscopeSettings: Sendable {
  package let batches: Int
  /// The file with the lists of words; `nil`: the built-in ones.
  package let words: String?

  package init(_ configuration: RunConfiguration) throws(FulcrumError) {
    let section = configuration.microscope
    batches = try section.integer("batches")
    let file = try section.text("words")
    words = file.isEmpty ? nil : file
  }
}
