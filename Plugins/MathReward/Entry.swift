import FulcrumKernel

/// Registers the reward `math`.
@c(fulcrum_plugin_math)
public func fulcrumPluginMath(_ host: UnsafeMutableRawPointer) {
  PluginRegistrar.register(host, name: "math", version: "0.1.0") {
    $0.add(reward: MathReward.self)
  }
}
