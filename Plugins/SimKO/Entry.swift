import FulcrumKernel

/// Registers the policy objective `simko`.
@c(fulcrum_plugin_simko)
public func fulcrumPluginSimKO(_ host: UnsafeMutableRawPointer) {
  PluginRegistrar.register(host, name: "simko", version: "0.1.0") {
    $0.add(policyObjective: SimKOObjective.self)
  }
}
