import FulcrumKernel

/// Registers the advantage transform `dr-grpo`.
@c(fulcrum_plugin_dr_grpo)
public func fulcrumPluginDrGRPO(_ host: UnsafeMutableRawPointer) {
  PluginRegistrar.register(host, name: "dr-grpo", version: "0.1.0") {
    $0.add(advantageTransform: DrGRPO.self)
  }
}
