import FulcrumKernel

/// A library or manifest found on the search path, inspected but not loaded.
package struct PluginListing: Sendable {
  /// From the file name.
  package let name: String
  /// The folder as the search path has it, and the file name.
  package let path: String
  /// Who put its folder on the search path.
  package let origin: String
  /// What the file says about itself, or why it can't be read.
  package let inspection: Result<PluginInspection, FulcrumError>
  /// The path of the library that a load by this name takes instead; `nil`: it takes this one.
  package let shadowedBy: String?

  /// Whether it is the manifest of a library that knows nothing of Fulcrum.
  package var isForeign: Bool { path.hasSuffix(PluginName.manifestSuffix) }

  /// Whether a load by name would take this library and, as far as its file tells, succeed.
  package var isUsable: Bool {
    guard shadowedBy == nil, case .success(let inspection) = inspection else { return false }
    return inspection.faults.isEmpty
  }
}
