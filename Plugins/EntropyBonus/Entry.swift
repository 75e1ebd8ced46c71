import FulcrumKernel

/// Registers the policy objective `entropy-bonus`.
@c(fulcrum_plugin_entropy_bonus)
public func fulcrumPluginEntropyBonus(_ host: UnsafeMutableRawPointer) {
  PluginRegistrar.register(host, name: "entropy-bonus", version: "0.1.0") {
    $0.add(policyObjective: EntropyBonus.self)
  }
}
