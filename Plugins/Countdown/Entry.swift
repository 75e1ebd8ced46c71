import FulcrumKernel

/// Registers the task and the reward, both under the name `countdown`.
@c(fulcrum_plugin_countdown)
public func fulcrumPluginCountdown(_ host: UnsafeMutableRawPointer) {
  PluginRegistrar.register(host, name: "countdown", version: "0.1.0") {
    $0.add(task: CountdownTask.self)
    $0.add(reward: CountdownReward.self)
  }
}
