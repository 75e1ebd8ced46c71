import FulcrumKernel

/// Registers the advantage transform `rollout-correction`.
@c(fulcrum_plugin_rollout_correction)
public func fulcrumPluginRolloutCorrection(_ host: UnsafeMutableRawPointer) {
  PluginRegistrar.register(host, name: "rollout-correction", version: "0.1.0") {
    $0.add(advantageTransform: RolloutCorrection.self)
  }
}
