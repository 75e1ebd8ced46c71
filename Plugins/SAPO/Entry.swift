import FulcrumKernel

/// Registers the policy objective `sapo`.
@c(fulcrum_plugin_sapo)
public func fulcrumPluginSAPO(_ host: UnsafeMutableRawPointer) {
  PluginRegistrar.register(host, name: "sapo", version: "0.1.0") {
    $0.add(policyObjective: SAPOObjective.self)
  }
}
