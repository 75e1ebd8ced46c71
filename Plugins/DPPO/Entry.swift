import FulcrumKernel

/// Registers the policy objective `dppo`.
@c(fulcrum_plugin_dppo)
public func fulcrumPluginDPPO(_ host: UnsafeMutableRawPointer) {
  PluginRegistrar.register(host, name: "dppo", version: "0.1.0") {
    $0.add(policyObjective: DPPOObjective.self)
  }
}
