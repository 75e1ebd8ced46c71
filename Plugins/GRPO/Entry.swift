import FulcrumKernel

/// Registers group-relative advantages and the clipped objective, both under the name `grpo`.
@c(fulcrum_plugin_grpo)
public func fulcrumPluginGRPO(_ host: UnsafeMutableRawPointer) {
  PluginRegistrar.register(host, name: "grpo", version: "0.1.0") {
    $0.add(advantageTransform: GroupAdvantage.self)
    $0.add(policyObjective: GRPOObjective.self)
  }
}
