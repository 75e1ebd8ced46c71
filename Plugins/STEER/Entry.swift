import FulcrumKernel

/// Registers the policy objective `steer`.
@c(fulcrum_plugin_steer)
public func fulcrumPluginSTEER(_ host: UnsafeMutableRawPointer) {
  PluginRegistrar.register(host, name: "steer", version: "0.1.0") {
    $0.add(policyObjective: STEERObjective.self)
  }
}
