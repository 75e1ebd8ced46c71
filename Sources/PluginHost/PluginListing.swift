import FulcrumKernel

/// A library found on the search path, inspected but not loaded.
package struct PluginListing: Sendable {
  /// The name that the file's name holds.
  package let name: String
  /// The path: the folder as the search path has it, and the file name.
  package let path: String
  /// The setting that put the folder on the search path.
  package let origin: String
  /// The kinds of component that a library of its format can have.
  package let kinds: Set<HostComponent.Kind>
  /// The file's inspection, or the error that kept it from being read.
  package let inspection: Result<any LibraryInspection, FulcrumError>
  /// The path of the library that a load by this name takes instead; `nil`: it takes this one.
  package let shadowedBy: String?
  /// The error of a load by this name: its folder has the name in another format too; `nil`: it has
  /// not, or both are shadowed.
  package let ambiguity: FulcrumError?

  package init(
    name: String, path: String, origin: String, kinds: Set<HostComponent.Kind>,
    inspection: Result<any LibraryInspection, FulcrumError>, shadowedBy: String? = nil,
    ambiguity: FulcrumError? = nil
  ) {
    self.name = name
    self.path = path
    self.origin = origin
    self.kinds = kinds
    self.inspection = inspection
    self.shadowedBy = shadowedBy
    self.ambiguity = ambiguity
  }

  /// Whether a load by name would take this library and, as far as its file tells, succeed.
  package var isUsable: Bool {
    guard shadowedBy == nil, ambiguity == nil, case .success(let inspection) = inspection else {
      return false
    }
    return inspection.faults.isEmpty
  }
}
