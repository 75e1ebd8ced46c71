import FulcrumKernel

/// Registers the policy objective `gmpo`.
@c(fulcrum_plugin_gmpo)
public func fulcrumPluginGMPO(_ host: UnsafeMutableRawPointer) {
  PluginRegistrar.register(host, name: "gmpo", version: "0.1.0") {
    $0.add(policyObjective: GMPOObjective.self)
  }
}
