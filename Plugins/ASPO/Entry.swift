import FulcrumKernel

/// Registers the policy objective `aspo`.
@c(fulcrum_plugin_aspo)
public func fulcrumPluginASPO(_ host: UnsafeMutableRawPointer) {
  PluginRegistrar.register(host, name: "aspo", version: "0.1.0") {
    $0.add(policyObjective: ASPOObjective.self)
  }
}
