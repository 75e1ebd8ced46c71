import FulcrumKernel

/// Registers the advantage transform `tr-grpo`.
@c(fulcrum_plugin_tr_grpo)
public func fulcrumPluginTRGRPO(_ host: UnsafeMutableRawPointer) {
  PluginRegistrar.register(host, name: "tr-grpo", version: "0.1.0") {
    $0.add(advantageTransform: ProbabilityWeight.self)
  }
}
