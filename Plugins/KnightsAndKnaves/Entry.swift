import FulcrumKernel

/// Registers the task and the reward, both under the name `knights-and-knaves`.
@c(fulcrum_plugin_knights_and_knaves)
public func fulcrumPluginKnightsAndKnaves(_ host: UnsafeMutableRawPointer) {
  PluginRegistrar.register(host, name: "knights-and-knaves", version: "0.1.0") {
    $0.add(task: KnightsAndKnavesTask.self)
    $0.add(reward: KnightsAndKnavesReward.self)
  }
}
