import FulcrumKernel

/// Registers the update scheduler `random-split`.
@c(fulcrum_plugin_random_split)
public func fulcrumPluginRandomSplit(_ host: UnsafeMutableRawPointer) {
  PluginRegistrar.register(host, name: "random-split", version: "0.1.0") {
    $0.add(updateScheduler: RandomSplit.self)
  }
}
