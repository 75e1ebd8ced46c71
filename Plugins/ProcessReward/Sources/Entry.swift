import FulcrumKernel

/// Registers the reward `process`.
@c(fulcrum_plugin_process)
public func fulcrumPluginProcess(_ host: UnsafeMutableRawPointer) {
  PluginRegistrar.register(host, name: "process", version: "0.1.0") {
    $0.add(reward: ProcessReward.self)
  }
}
