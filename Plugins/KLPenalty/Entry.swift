import FulcrumKernel

/// Registers the components of `kl-penalty`.
@c(fulcrum_plugin_kl_penalty)
public func fulcrumPluginKLPenalty(_ host: UnsafeMutableRawPointer) {
  PluginRegistrar.register(host, name: "kl-penalty", version: "0.1.0") {
    $0.add(advantageTransform: KLReward.self)
    $0.add(policyObjective: KLObjective.self)
  }
}
