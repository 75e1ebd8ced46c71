import FulcrumKernel

/// Registers the policy objective `adaptive-entropy`.
@c(fulcrum_plugin_adaptive_entropy)
public func fulcrumPluginAdaptiveEntropy(_ host: UnsafeMutableRawPointer) {
  PluginRegistrar.register(host, name: "adaptive-entropy", version: "0.1.0") {
    $0.add(policyObjective: AdaptiveEntropy.self)
  }
}
