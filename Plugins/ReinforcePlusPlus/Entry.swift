import FulcrumKernel

/// Registers the advantage transform `reinforce-plus-plus`.
@c(fulcrum_plugin_reinforce_plus_plus)
public func fulcrumPluginReinforcePlusPlus(_ host: UnsafeMutableRawPointer) {
  PluginRegistrar.register(host, name: "reinforce-plus-plus", version: "0.1.0") {
    $0.add(advantageTransform: BatchWhitening.self)
  }
}
