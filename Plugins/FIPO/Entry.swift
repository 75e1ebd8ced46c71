import FulcrumKernel

/// Registers the policy objective `fipo`.
@c(fulcrum_plugin_fipo)
public func fulcrumPluginFIPO(_ host: UnsafeMutableRawPointer) {
  PluginRegistrar.register(host, name: "fipo", version: "0.1.0") {
    $0.add(policyObjective: FIPOObjective.self)
  }
}
