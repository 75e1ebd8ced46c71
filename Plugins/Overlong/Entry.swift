import FulcrumKernel

/// Registers the reward `overlong`.
@c(fulcrum_plugin_overlong)
public func fulcrumPluginOverlong(_ host: UnsafeMutableRawPointer) {
  PluginRegistrar.register(host, name: "overlong", version: "0.1.0") {
    $0.add(reward: OverlongReward.self)
  }
}
