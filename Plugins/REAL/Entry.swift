import FulcrumKernel

/// Registers the policy objective `real`.
@c(fulcrum_plugin_real)
public func fulcrumPluginREAL(_ host: UnsafeMutableRawPointer) {
  PluginRegistrar.register(host, name: "real", version: "0.1.0") {
    $0.add(policyObjective: REALObjective.self)
  }
}
