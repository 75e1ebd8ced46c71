import FulcrumKernel

/// Registers the policy objective `ce-gppo`.
@c(fulcrum_plugin_ce_gppo)
public func fulcrumPluginCEGPPO(_ host: UnsafeMutableRawPointer) {
  PluginRegistrar.register(host, name: "ce-gppo", version: "0.1.0") {
    $0.add(policyObjective: CEGPPOObjective.self)
  }
}
