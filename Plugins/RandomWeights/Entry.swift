import FulcrumKernel

/// Registers the advantage transform `random-weights`.
@c(fulcrum_plugin_random_weights)
public func fulcrumPluginRandomWeights(_ host: UnsafeMutableRawPointer) {
  PluginRegistrar.register(host, name: "random-weights", version: "0.1.0") {
    $0.add(advantageTransform: RandomWeights.self)
  }
}
