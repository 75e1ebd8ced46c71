import FulcrumKernel

/// A component under test: its manual, the parameters it is tested with, and how it is made.
struct Subject<Instance>: Sendable {
  let manual: ComponentManual
  /// The parameters that a configuration gives; the manual's defaults complete them.
  let parameters: [String: ParameterValue]
  let maker: PluginContract.Maker<Instance>

  /// A fresh instance.
  ///
  /// - Parameter parameters: instead of those that the component is tested with.
  func make(
    _ parameters: [String: ParameterValue]? = nil, seed: UInt64 = 1, threads: Int = 1
  ) throws(FulcrumError) -> Instance {
    let checked = try Parameters(
      parameters ?? self.parameters, for: manual.parameters, at: manual.name)
    return try maker(checked, ComponentContext(seed: seed, threads: threads))
  }

  /// The broken promise as the checks throw it, placed at the component.
  func fault(_ message: String, hint: String? = nil) -> FulcrumError {
    FulcrumError(.pluginFault, message, at: manual.name, hint: hint)
  }
}
