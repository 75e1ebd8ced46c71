import FulcrumKernel

/// Registers the policy objective `cispo`.
@c(fulcrum_plugin_cispo)
public func fulcrumPluginCISPO(_ host: UnsafeMutableRawPointer) {
  PluginRegistrar.register(host, name: "cispo", version: "0.1.0") {
    $0.add(policyObjective: CISPOObjective.self)
  }
}
