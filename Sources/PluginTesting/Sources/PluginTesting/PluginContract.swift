import FulcrumKernel

/// The contracts of the kernel's protocols, as lists of checks.
///
/// Each takes how a component is made rather than its type, so that the host can check what is not a
/// Swift type.
public enum PluginContract {
  /// Makes a component with parameters that were checked against its manual.
  public typealias Maker<Instance> =
    @Sendable (Parameters, ComponentContext) throws(FulcrumError) -> Instance
}
